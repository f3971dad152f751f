"""linux/virtio_crypto.h. Made by `lkvm uapi generate`; edits are lost."""

from kvmtool.uapi.layout import attribute as _attribute

VIRTIO_CRYPTO_SERVICE_CIPHER = 0
VIRTIO_CRYPTO_SERVICE_HASH = 1
VIRTIO_CRYPTO_SERVICE_MAC = 2
VIRTIO_CRYPTO_SERVICE_AEAD = 3
VIRTIO_CRYPTO_SERVICE_AKCIPHER = 4
VIRTIO_CRYPTO_CIPHER_CREATE_SESSION = 2
VIRTIO_CRYPTO_CIPHER_DESTROY_SESSION = 3
VIRTIO_CRYPTO_HASH_CREATE_SESSION = 258
VIRTIO_CRYPTO_HASH_DESTROY_SESSION = 259
VIRTIO_CRYPTO_MAC_CREATE_SESSION = 514
VIRTIO_CRYPTO_MAC_DESTROY_SESSION = 515
VIRTIO_CRYPTO_AEAD_CREATE_SESSION = 770
VIRTIO_CRYPTO_AEAD_DESTROY_SESSION = 771
VIRTIO_CRYPTO_AKCIPHER_CREATE_SESSION = 1028
VIRTIO_CRYPTO_AKCIPHER_DESTROY_SESSION = 1029
VIRTIO_CRYPTO_NO_CIPHER = 0
VIRTIO_CRYPTO_CIPHER_ARC4 = 1
VIRTIO_CRYPTO_CIPHER_AES_ECB = 2
VIRTIO_CRYPTO_CIPHER_AES_CBC = 3
VIRTIO_CRYPTO_CIPHER_AES_CTR = 4
VIRTIO_CRYPTO_CIPHER_DES_ECB = 5
VIRTIO_CRYPTO_CIPHER_DES_CBC = 6
VIRTIO_CRYPTO_CIPHER_3DES_ECB = 7
VIRTIO_CRYPTO_CIPHER_3DES_CBC = 8
VIRTIO_CRYPTO_CIPHER_3DES_CTR = 9
VIRTIO_CRYPTO_CIPHER_KASUMI_F8 = 10
VIRTIO_CRYPTO_CIPHER_SNOW3G_UEA2 = 11
VIRTIO_CRYPTO_CIPHER_AES_F8 = 12
VIRTIO_CRYPTO_CIPHER_AES_XTS = 13
VIRTIO_CRYPTO_CIPHER_ZUC_EEA3 = 14
VIRTIO_CRYPTO_OP_ENCRYPT = 1
VIRTIO_CRYPTO_OP_DECRYPT = 2
VIRTIO_CRYPTO_NO_HASH = 0
VIRTIO_CRYPTO_HASH_MD5 = 1
VIRTIO_CRYPTO_HASH_SHA1 = 2
VIRTIO_CRYPTO_HASH_SHA_224 = 3
VIRTIO_CRYPTO_HASH_SHA_256 = 4
VIRTIO_CRYPTO_HASH_SHA_384 = 5
VIRTIO_CRYPTO_HASH_SHA_512 = 6
VIRTIO_CRYPTO_HASH_SHA3_224 = 7
VIRTIO_CRYPTO_HASH_SHA3_256 = 8
VIRTIO_CRYPTO_HASH_SHA3_384 = 9
VIRTIO_CRYPTO_HASH_SHA3_512 = 10
VIRTIO_CRYPTO_HASH_SHA3_SHAKE128 = 11
VIRTIO_CRYPTO_HASH_SHA3_SHAKE256 = 12
VIRTIO_CRYPTO_NO_MAC = 0
VIRTIO_CRYPTO_MAC_HMAC_MD5 = 1
VIRTIO_CRYPTO_MAC_HMAC_SHA1 = 2
VIRTIO_CRYPTO_MAC_HMAC_SHA_224 = 3
VIRTIO_CRYPTO_MAC_HMAC_SHA_256 = 4
VIRTIO_CRYPTO_MAC_HMAC_SHA_384 = 5
VIRTIO_CRYPTO_MAC_HMAC_SHA_512 = 6
VIRTIO_CRYPTO_MAC_CMAC_3DES = 25
VIRTIO_CRYPTO_MAC_CMAC_AES = 26
VIRTIO_CRYPTO_MAC_KASUMI_F9 = 27
VIRTIO_CRYPTO_MAC_SNOW3G_UIA2 = 28
VIRTIO_CRYPTO_MAC_GMAC_AES = 41
VIRTIO_CRYPTO_MAC_GMAC_TWOFISH = 42
VIRTIO_CRYPTO_MAC_CBCMAC_AES = 49
VIRTIO_CRYPTO_MAC_CBCMAC_KASUMI_F9 = 50
VIRTIO_CRYPTO_MAC_XCBC_AES = 53
VIRTIO_CRYPTO_NO_AEAD = 0
VIRTIO_CRYPTO_AEAD_GCM = 1
VIRTIO_CRYPTO_AEAD_CCM = 2
VIRTIO_CRYPTO_AEAD_CHACHA20_POLY1305 = 3
VIRTIO_CRYPTO_RSA_RAW_PADDING = 0
VIRTIO_CRYPTO_RSA_PKCS1_PADDING = 1
VIRTIO_CRYPTO_RSA_NO_HASH = 0
VIRTIO_CRYPTO_RSA_MD2 = 1
VIRTIO_CRYPTO_RSA_MD3 = 2
VIRTIO_CRYPTO_RSA_MD4 = 3
VIRTIO_CRYPTO_RSA_MD5 = 4
VIRTIO_CRYPTO_RSA_SHA1 = 5
VIRTIO_CRYPTO_RSA_SHA256 = 6
VIRTIO_CRYPTO_RSA_SHA384 = 7
VIRTIO_CRYPTO_RSA_SHA512 = 8
VIRTIO_CRYPTO_RSA_SHA224 = 9
VIRTIO_CRYPTO_CURVE_UNKNOWN = 0
VIRTIO_CRYPTO_CURVE_NIST_P192 = 1
VIRTIO_CRYPTO_CURVE_NIST_P224 = 2
VIRTIO_CRYPTO_CURVE_NIST_P256 = 3
VIRTIO_CRYPTO_CURVE_NIST_P384 = 4
VIRTIO_CRYPTO_CURVE_NIST_P521 = 5
VIRTIO_CRYPTO_NO_AKCIPHER = 0
VIRTIO_CRYPTO_AKCIPHER_RSA = 1
VIRTIO_CRYPTO_AKCIPHER_DSA = 2
VIRTIO_CRYPTO_AKCIPHER_ECDSA = 3
VIRTIO_CRYPTO_AKCIPHER_KEY_TYPE_PUBLIC = 1
VIRTIO_CRYPTO_AKCIPHER_KEY_TYPE_PRIVATE = 2
VIRTIO_CRYPTO_SYM_ALG_CHAIN_ORDER_HASH_THEN_CIPHER = 1
VIRTIO_CRYPTO_SYM_ALG_CHAIN_ORDER_CIPHER_THEN_HASH = 2
VIRTIO_CRYPTO_SYM_HASH_MODE_PLAIN = 1
VIRTIO_CRYPTO_SYM_HASH_MODE_AUTH = 2
VIRTIO_CRYPTO_SYM_HASH_MODE_NESTED = 3
VIRTIO_CRYPTO_SYM_OP_NONE = 0
VIRTIO_CRYPTO_SYM_OP_CIPHER = 1
VIRTIO_CRYPTO_SYM_OP_ALGORITHM_CHAINING = 2
VIRTIO_CRYPTO_CIPHER_ENCRYPT = 0
VIRTIO_CRYPTO_CIPHER_DECRYPT = 1
VIRTIO_CRYPTO_HASH = 256
VIRTIO_CRYPTO_MAC = 512
VIRTIO_CRYPTO_AEAD_ENCRYPT = 768
VIRTIO_CRYPTO_AEAD_DECRYPT = 769
VIRTIO_CRYPTO_AKCIPHER_ENCRYPT = 1024
VIRTIO_CRYPTO_AKCIPHER_DECRYPT = 1025
VIRTIO_CRYPTO_AKCIPHER_SIGN = 1026
VIRTIO_CRYPTO_AKCIPHER_VERIFY = 1027
VIRTIO_CRYPTO_OK = 0
VIRTIO_CRYPTO_ERR = 1
VIRTIO_CRYPTO_BADMSG = 2
VIRTIO_CRYPTO_NOTSUPP = 3
VIRTIO_CRYPTO_INVSESS = 4
VIRTIO_CRYPTO_NOSPC = 5
VIRTIO_CRYPTO_KEY_REJECTED = 6
VIRTIO_CRYPTO_S_HW_READY = 1

_LAYOUTS = {
    "virtio_crypto_ctrl_header": "struct 16: u32 opcode; u32 algo; u32 flag; u32 queue_id",
    "virtio_crypto_cipher_session_para": "struct 16: u32 algo; u32 keylen; u32 op; u32 padding",
    "virtio_crypto_session_input": "struct 16: u64 session_id; u32 status; u32 padding",
    "virtio_crypto_cipher_session_req": (
        "struct 48: virtio_crypto_cipher_session_para para; u8 padding[32]"
    ),
    "virtio_crypto_hash_session_para": "struct 16: u32 algo; u32 hash_result_len; u8 padding[8]",
    "virtio_crypto_hash_create_session_req": (
        "struct 56: virtio_crypto_hash_session_para para; u8 padding[40]"
    ),
    "virtio_crypto_mac_session_para": (
        "struct 16: u32 algo; u32 hash_result_len; u32 auth_key_len; u32 padding"
    ),
    "virtio_crypto_mac_create_session_req": (
        "struct 56: virtio_crypto_mac_session_para para; u8 padding[40]"
    ),
    "virtio_crypto_aead_session_para": (
        "struct 24: u32 algo; u32 key_len; u32 hash_result_len; u32 aad_len; u32 op; u32 padding"
    ),
    "virtio_crypto_aead_create_session_req": (
        "struct 56: virtio_crypto_aead_session_para para; u8 padding[32]"
    ),
    "virtio_crypto_rsa_session_para": "struct 8: u32 padding_algo; u32 hash_algo",
    "virtio_crypto_ecdsa_session_para": "struct 8: u32 curve_id; u32 padding",
    "virtio_crypto_akcipher_session_para_u": (
        "union 8: virtio_crypto_rsa_session_para rsa; virtio_crypto_ecdsa_session_para ecdsa"
    ),
    "virtio_crypto_akcipher_session_para": (
        "struct 20: u32 algo; u32 keytype; u32 keylen; virtio_crypto_akcipher_session_para_u u"
    ),
    "virtio_crypto_akcipher_create_session_req": (
        "struct 56: virtio_crypto_akcipher_session_para para; u8 padding[36]"
    ),
    "virtio_crypto_alg_chain_session_para_u": (
        "union 16: virtio_crypto_hash_session_para hash_param; "
        "virtio_crypto_mac_session_para mac_param; u8 padding[16]"
    ),
    "virtio_crypto_alg_chain_session_para": (
        "struct 48: u32 alg_chain_order; u32 hash_mode; "
        "virtio_crypto_cipher_session_para cipher_param; virtio_crypto_alg_chain_session_para_u u; "
        "u32 aad_len; u32 padding"
    ),
    "virtio_crypto_alg_chain_session_req": "struct 48: virtio_crypto_alg_chain_session_para para",
    "virtio_crypto_sym_create_session_req_u": (
        "union 48: virtio_crypto_cipher_session_req cipher; "
        "virtio_crypto_alg_chain_session_req chain; u8 padding[48]"
    ),
    "virtio_crypto_sym_create_session_req": (
        "struct 56: virtio_crypto_sym_create_session_req_u u; u32 op_type; u32 padding"
    ),
    "virtio_crypto_destroy_session_req": "struct 56: u64 session_id; u8 padding[48]",
    "virtio_crypto_op_ctrl_req_u": (
        "union 56: virtio_crypto_sym_create_session_req sym_create_session; "
        "virtio_crypto_hash_create_session_req hash_create_session; "
        "virtio_crypto_mac_create_session_req mac_create_session; "
        "virtio_crypto_aead_create_session_req aead_create_session; "
        "virtio_crypto_akcipher_create_session_req akcipher_create_session; "
        "virtio_crypto_destroy_session_req destroy_session; u8 padding[56]"
    ),
    "virtio_crypto_op_ctrl_req": (
        "struct 72: virtio_crypto_ctrl_header header; virtio_crypto_op_ctrl_req_u u"
    ),
    "virtio_crypto_op_header": (
        "struct 24: u32 opcode; u32 algo; u64 session_id; u32 flag; u32 padding"
    ),
    "virtio_crypto_cipher_para": (
        "struct 16: u32 iv_len; u32 src_data_len; u32 dst_data_len; u32 padding"
    ),
    "virtio_crypto_hash_para": "struct 8: u32 src_data_len; u32 hash_result_len",
    "virtio_crypto_mac_para": "struct 8: virtio_crypto_hash_para hash",
    "virtio_crypto_aead_para": (
        "struct 16: u32 iv_len; u32 aad_len; u32 src_data_len; u32 dst_data_len"
    ),
    "virtio_crypto_cipher_data_req": "struct 40: virtio_crypto_cipher_para para; u8 padding[24]",
    "virtio_crypto_hash_data_req": "struct 48: virtio_crypto_hash_para para; u8 padding[40]",
    "virtio_crypto_mac_data_req": "struct 48: virtio_crypto_mac_para para; u8 padding[40]",
    "virtio_crypto_alg_chain_data_para": (
        "struct 40: u32 iv_len; u32 src_data_len; u32 dst_data_len; u32 cipher_start_src_offset; "
        "u32 len_to_cipher; u32 hash_start_src_offset; u32 len_to_hash; u32 aad_len; "
        "u32 hash_result_len; u32 reserved"
    ),
    "virtio_crypto_alg_chain_data_req": "struct 40: virtio_crypto_alg_chain_data_para para",
    "virtio_crypto_sym_data_req_u": (
        "union 40: virtio_crypto_cipher_data_req cipher; virtio_crypto_alg_chain_data_req chain; "
        "u8 padding[40]"
    ),
    "virtio_crypto_sym_data_req": (
        "struct 48: virtio_crypto_sym_data_req_u u; u32 op_type; u32 padding"
    ),
    "virtio_crypto_aead_data_req": "struct 48: virtio_crypto_aead_para para; u8 padding[32]",
    "virtio_crypto_akcipher_para": "struct 8: u32 src_data_len; u32 dst_data_len",
    "virtio_crypto_akcipher_data_req": (
        "struct 48: virtio_crypto_akcipher_para para; u8 padding[40]"
    ),
    "virtio_crypto_op_data_req_u": (
        "union 48: virtio_crypto_sym_data_req sym_req; virtio_crypto_hash_data_req hash_req; "
        "virtio_crypto_mac_data_req mac_req; virtio_crypto_aead_data_req aead_req; "
        "virtio_crypto_akcipher_data_req akcipher_req; u8 padding[48]"
    ),
    "virtio_crypto_op_data_req": (
        "struct 72: virtio_crypto_op_header header; virtio_crypto_op_data_req_u u"
    ),
    "virtio_crypto_config": (
        "struct 56: u32 status; u32 max_dataqueues; u32 crypto_services; u32 cipher_algo_l; "
        "u32 cipher_algo_h; u32 hash_algo; u32 mac_algo_l; u32 mac_algo_h; u32 aead_algo; "
        "u32 max_cipher_key_len; u32 max_auth_key_len; u32 akcipher_algo; u64 max_size"
    ),
    "virtio_crypto_inhdr": "struct 1: u8 status",
}


def __getattr__(name):
    return _attribute(name, _LAYOUTS, globals())
