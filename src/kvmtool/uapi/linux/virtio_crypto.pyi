"""linux/virtio_crypto.h. Made by `lkvm uapi generate`; edits are lost."""

from ctypes import Array, Structure, Union, c_uint8
from typing import Final

VIRTIO_CRYPTO_SERVICE_CIPHER: Final = 0
VIRTIO_CRYPTO_SERVICE_HASH: Final = 1
VIRTIO_CRYPTO_SERVICE_MAC: Final = 2
VIRTIO_CRYPTO_SERVICE_AEAD: Final = 3
VIRTIO_CRYPTO_SERVICE_AKCIPHER: Final = 4
VIRTIO_CRYPTO_CIPHER_CREATE_SESSION: Final = 2
VIRTIO_CRYPTO_CIPHER_DESTROY_SESSION: Final = 3
VIRTIO_CRYPTO_HASH_CREATE_SESSION: Final = 258
VIRTIO_CRYPTO_HASH_DESTROY_SESSION: Final = 259
VIRTIO_CRYPTO_MAC_CREATE_SESSION: Final = 514
VIRTIO_CRYPTO_MAC_DESTROY_SESSION: Final = 515
VIRTIO_CRYPTO_AEAD_CREATE_SESSION: Final = 770
VIRTIO_CRYPTO_AEAD_DESTROY_SESSION: Final = 771
VIRTIO_CRYPTO_AKCIPHER_CREATE_SESSION: Final = 1028
VIRTIO_CRYPTO_AKCIPHER_DESTROY_SESSION: Final = 1029
VIRTIO_CRYPTO_NO_CIPHER: Final = 0
VIRTIO_CRYPTO_CIPHER_ARC4: Final = 1
VIRTIO_CRYPTO_CIPHER_AES_ECB: Final = 2
VIRTIO_CRYPTO_CIPHER_AES_CBC: Final = 3
VIRTIO_CRYPTO_CIPHER_AES_CTR: Final = 4
VIRTIO_CRYPTO_CIPHER_DES_ECB: Final = 5
VIRTIO_CRYPTO_CIPHER_DES_CBC: Final = 6
VIRTIO_CRYPTO_CIPHER_3DES_ECB: Final = 7
VIRTIO_CRYPTO_CIPHER_3DES_CBC: Final = 8
VIRTIO_CRYPTO_CIPHER_3DES_CTR: Final = 9
VIRTIO_CRYPTO_CIPHER_KASUMI_F8: Final = 10
VIRTIO_CRYPTO_CIPHER_SNOW3G_UEA2: Final = 11
VIRTIO_CRYPTO_CIPHER_AES_F8: Final = 12
VIRTIO_CRYPTO_CIPHER_AES_XTS: Final = 13
VIRTIO_CRYPTO_CIPHER_ZUC_EEA3: Final = 14
VIRTIO_CRYPTO_OP_ENCRYPT: Final = 1
VIRTIO_CRYPTO_OP_DECRYPT: Final = 2
VIRTIO_CRYPTO_NO_HASH: Final = 0
VIRTIO_CRYPTO_HASH_MD5: Final = 1
VIRTIO_CRYPTO_HASH_SHA1: Final = 2
VIRTIO_CRYPTO_HASH_SHA_224: Final = 3
VIRTIO_CRYPTO_HASH_SHA_256: Final = 4
VIRTIO_CRYPTO_HASH_SHA_384: Final = 5
VIRTIO_CRYPTO_HASH_SHA_512: Final = 6
VIRTIO_CRYPTO_HASH_SHA3_224: Final = 7
VIRTIO_CRYPTO_HASH_SHA3_256: Final = 8
VIRTIO_CRYPTO_HASH_SHA3_384: Final = 9
VIRTIO_CRYPTO_HASH_SHA3_512: Final = 10
VIRTIO_CRYPTO_HASH_SHA3_SHAKE128: Final = 11
VIRTIO_CRYPTO_HASH_SHA3_SHAKE256: Final = 12
VIRTIO_CRYPTO_NO_MAC: Final = 0
VIRTIO_CRYPTO_MAC_HMAC_MD5: Final = 1
VIRTIO_CRYPTO_MAC_HMAC_SHA1: Final = 2
VIRTIO_CRYPTO_MAC_HMAC_SHA_224: Final = 3
VIRTIO_CRYPTO_MAC_HMAC_SHA_256: Final = 4
VIRTIO_CRYPTO_MAC_HMAC_SHA_384: Final = 5
VIRTIO_CRYPTO_MAC_HMAC_SHA_512: Final = 6
VIRTIO_CRYPTO_MAC_CMAC_3DES: Final = 25
VIRTIO_CRYPTO_MAC_CMAC_AES: Final = 26
VIRTIO_CRYPTO_MAC_KASUMI_F9: Final = 27
VIRTIO_CRYPTO_MAC_SNOW3G_UIA2: Final = 28
VIRTIO_CRYPTO_MAC_GMAC_AES: Final = 41
VIRTIO_CRYPTO_MAC_GMAC_TWOFISH: Final = 42
VIRTIO_CRYPTO_MAC_CBCMAC_AES: Final = 49
VIRTIO_CRYPTO_MAC_CBCMAC_KASUMI_F9: Final = 50
VIRTIO_CRYPTO_MAC_XCBC_AES: Final = 53
VIRTIO_CRYPTO_NO_AEAD: Final = 0
VIRTIO_CRYPTO_AEAD_GCM: Final = 1
VIRTIO_CRYPTO_AEAD_CCM: Final = 2
VIRTIO_CRYPTO_AEAD_CHACHA20_POLY1305: Final = 3
VIRTIO_CRYPTO_RSA_RAW_PADDING: Final = 0
VIRTIO_CRYPTO_RSA_PKCS1_PADDING: Final = 1
VIRTIO_CRYPTO_RSA_NO_HASH: Final = 0
VIRTIO_CRYPTO_RSA_MD2: Final = 1
VIRTIO_CRYPTO_RSA_MD3: Final = 2
VIRTIO_CRYPTO_RSA_MD4: Final = 3
VIRTIO_CRYPTO_RSA_MD5: Final = 4
VIRTIO_CRYPTO_RSA_SHA1: Final = 5
VIRTIO_CRYPTO_RSA_SHA256: Final = 6
VIRTIO_CRYPTO_RSA_SHA384: Final = 7
VIRTIO_CRYPTO_RSA_SHA512: Final = 8
VIRTIO_CRYPTO_RSA_SHA224: Final = 9
VIRTIO_CRYPTO_CURVE_UNKNOWN: Final = 0
VIRTIO_CRYPTO_CURVE_NIST_P192: Final = 1
VIRTIO_CRYPTO_CURVE_NIST_P224: Final = 2
VIRTIO_CRYPTO_CURVE_NIST_P256: Final = 3
VIRTIO_CRYPTO_CURVE_NIST_P384: Final = 4
VIRTIO_CRYPTO_CURVE_NIST_P521: Final = 5
VIRTIO_CRYPTO_NO_AKCIPHER: Final = 0
VIRTIO_CRYPTO_AKCIPHER_RSA: Final = 1
VIRTIO_CRYPTO_AKCIPHER_DSA: Final = 2
VIRTIO_CRYPTO_AKCIPHER_ECDSA: Final = 3
VIRTIO_CRYPTO_AKCIPHER_KEY_TYPE_PUBLIC: Final = 1
VIRTIO_CRYPTO_AKCIPHER_KEY_TYPE_PRIVATE: Final = 2
VIRTIO_CRYPTO_SYM_ALG_CHAIN_ORDER_HASH_THEN_CIPHER: Final = 1
VIRTIO_CRYPTO_SYM_ALG_CHAIN_ORDER_CIPHER_THEN_HASH: Final = 2
VIRTIO_CRYPTO_SYM_HASH_MODE_PLAIN: Final = 1
VIRTIO_CRYPTO_SYM_HASH_MODE_AUTH: Final = 2
VIRTIO_CRYPTO_SYM_HASH_MODE_NESTED: Final = 3
VIRTIO_CRYPTO_SYM_OP_NONE: Final = 0
VIRTIO_CRYPTO_SYM_OP_CIPHER: Final = 1
VIRTIO_CRYPTO_SYM_OP_ALGORITHM_CHAINING: Final = 2
VIRTIO_CRYPTO_CIPHER_ENCRYPT: Final = 0
VIRTIO_CRYPTO_CIPHER_DECRYPT: Final = 1
VIRTIO_CRYPTO_HASH: Final = 256
VIRTIO_CRYPTO_MAC: Final = 512
VIRTIO_CRYPTO_AEAD_ENCRYPT: Final = 768
VIRTIO_CRYPTO_AEAD_DECRYPT: Final = 769
VIRTIO_CRYPTO_AKCIPHER_ENCRYPT: Final = 1024
VIRTIO_CRYPTO_AKCIPHER_DECRYPT: Final = 1025
VIRTIO_CRYPTO_AKCIPHER_SIGN: Final = 1026
VIRTIO_CRYPTO_AKCIPHER_VERIFY: Final = 1027
VIRTIO_CRYPTO_OK: Final = 0
VIRTIO_CRYPTO_ERR: Final = 1
VIRTIO_CRYPTO_BADMSG: Final = 2
VIRTIO_CRYPTO_NOTSUPP: Final = 3
VIRTIO_CRYPTO_INVSESS: Final = 4
VIRTIO_CRYPTO_NOSPC: Final = 5
VIRTIO_CRYPTO_KEY_REJECTED: Final = 6
VIRTIO_CRYPTO_S_HW_READY: Final = 1

class virtio_crypto_ctrl_header(Structure):
    opcode: int
    algo: int
    flag: int
    queue_id: int

class virtio_crypto_cipher_session_para(Structure):
    algo: int
    keylen: int
    op: int
    padding: int

class virtio_crypto_session_input(Structure):
    session_id: int
    status: int
    padding: int

class virtio_crypto_cipher_session_req(Structure):
    para: virtio_crypto_cipher_session_para
    padding: Array[c_uint8]

class virtio_crypto_hash_session_para(Structure):
    algo: int
    hash_result_len: int
    padding: Array[c_uint8]

class virtio_crypto_hash_create_session_req(Structure):
    para: virtio_crypto_hash_session_para
    padding: Array[c_uint8]

class virtio_crypto_mac_session_para(Structure):
    algo: int
    hash_result_len: int
    auth_key_len: int
    padding: int

class virtio_crypto_mac_create_session_req(Structure):
    para: virtio_crypto_mac_session_para
    padding: Array[c_uint8]

class virtio_crypto_aead_session_para(Structure):
    algo: int
    key_len: int
    hash_result_len: int
    aad_len: int
    op: int
    padding: int

class virtio_crypto_aead_create_session_req(Structure):
    para: virtio_crypto_aead_session_para
    padding: Array[c_uint8]

class virtio_crypto_rsa_session_para(Structure):
    padding_algo: int
    hash_algo: int

class virtio_crypto_ecdsa_session_para(Structure):
    curve_id: int
    padding: int

class virtio_crypto_akcipher_session_para_u(Union):
    rsa: virtio_crypto_rsa_session_para
    ecdsa: virtio_crypto_ecdsa_session_para

class virtio_crypto_akcipher_session_para(Structure):
    algo: int
    keytype: int
    keylen: int
    u: virtio_crypto_akcipher_session_para_u

class virtio_crypto_akcipher_create_session_req(Structure):
    para: virtio_crypto_akcipher_session_para
    padding: Array[c_uint8]

class virtio_crypto_alg_chain_session_para_u(Union):
    hash_param: virtio_crypto_hash_session_para
    mac_param: virtio_crypto_mac_session_para
    padding: Array[c_uint8]

class virtio_crypto_alg_chain_session_para(Structure):
    alg_chain_order: int
    hash_mode: int
    cipher_param: virtio_crypto_cipher_session_para
    u: virtio_crypto_alg_chain_session_para_u
    aad_len: int
    padding: int

class virtio_crypto_alg_chain_session_req(Structure):
    para: virtio_crypto_alg_chain_session_para

class virtio_crypto_sym_create_session_req_u(Union):
    cipher: virtio_crypto_cipher_session_req
    chain: virtio_crypto_alg_chain_session_req
    padding: Array[c_uint8]

class virtio_crypto_sym_create_session_req(Structure):
    u: virtio_crypto_sym_create_session_req_u
    op_type: int
    padding: int

class virtio_crypto_destroy_session_req(Structure):
    session_id: int
    padding: Array[c_uint8]

class virtio_crypto_op_ctrl_req_u(Union):
    sym_create_session: virtio_crypto_sym_create_session_req
    hash_create_session: virtio_crypto_hash_create_session_req
    mac_create_session: virtio_crypto_mac_create_session_req
    aead_create_session: virtio_crypto_aead_create_session_req
    akcipher_create_session: virtio_crypto_akcipher_create_session_req
    destroy_session: virtio_crypto_destroy_session_req
    padding: Array[c_uint8]

class virtio_crypto_op_ctrl_req(Structure):
    header: virtio_crypto_ctrl_header
    u: virtio_crypto_op_ctrl_req_u

class virtio_crypto_op_header(Structure):
    opcode: int
    algo: int
    session_id: int
    flag: int
    padding: int

class virtio_crypto_cipher_para(Structure):
    iv_len: int
    src_data_len: int
    dst_data_len: int
    padding: int

class virtio_crypto_hash_para(Structure):
    src_data_len: int
    hash_result_len: int

class virtio_crypto_mac_para(Structure):
    hash: virtio_crypto_hash_para

class virtio_crypto_aead_para(Structure):
    iv_len: int
    aad_len: int
    src_data_len: int
    dst_data_len: int

class virtio_crypto_cipher_data_req(Structure):
    para: virtio_crypto_cipher_para
    padding: Array[c_uint8]

class virtio_crypto_hash_data_req(Structure):
    para: virtio_crypto_hash_para
    padding: Array[c_uint8]

class virtio_crypto_mac_data_req(Structure):
    para: virtio_crypto_mac_para
    padding: Array[c_uint8]

class virtio_crypto_alg_chain_data_para(Structure):
    iv_len: int
    src_data_len: int
    dst_data_len: int
    cipher_start_src_offset: int
    len_to_cipher: int
    hash_start_src_offset: int
    len_to_hash: int
    aad_len: int
    hash_result_len: int
    reserved: int

class virtio_crypto_alg_chain_data_req(Structure):
    para: virtio_crypto_alg_chain_data_para

class virtio_crypto_sym_data_req_u(Union):
    cipher: virtio_crypto_cipher_data_req
    chain: virtio_crypto_alg_chain_data_req
    padding: Array[c_uint8]

class virtio_crypto_sym_data_req(Structure):
    u: virtio_crypto_sym_data_req_u
    op_type: int
    padding: int

class virtio_crypto_aead_data_req(Structure):
    para: virtio_crypto_aead_para
    padding: Array[c_uint8]

class virtio_crypto_akcipher_para(Structure):
    src_data_len: int
    dst_data_len: int

class virtio_crypto_akcipher_data_req(Structure):
    para: virtio_crypto_akcipher_para
    padding: Array[c_uint8]

class virtio_crypto_op_data_req_u(Union):
    sym_req: virtio_crypto_sym_data_req
    hash_req: virtio_crypto_hash_data_req
    mac_req: virtio_crypto_mac_data_req
    aead_req: virtio_crypto_aead_data_req
    akcipher_req: virtio_crypto_akcipher_data_req
    padding: Array[c_uint8]

class virtio_crypto_op_data_req(Structure):
    header: virtio_crypto_op_header
    u: virtio_crypto_op_data_req_u

class virtio_crypto_config(Structure):
    status: int
    max_dataqueues: int
    crypto_services: int
    cipher_algo_l: int
    cipher_algo_h: int
    hash_algo: int
    mac_algo_l: int
    mac_algo_h: int
    aead_algo: int
    max_cipher_key_len: int
    max_auth_key_len: int
    akcipher_algo: int
    max_size: int

class virtio_crypto_inhdr(Structure):
    status: int
