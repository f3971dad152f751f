/* The init of boot.py's guests: prints the marker on the console and waits to be ended. */
#include <string.h>
#include <unistd.h>

int main(void)
{
	static const char marker[] = "bench: init runs\n";

	if (write(STDOUT_FILENO, marker, strlen(marker)) < 0)
		return 1;
	for (;;)
		pause();
}
