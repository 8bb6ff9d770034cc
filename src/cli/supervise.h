/* supervise: the process that outlives its children. It keeps the sockets, starts the host as a
 * child, and a next one when that ends; looks whether it is stuck; puts a new program in its place.
 * libc only, one thread, no loop: what is so small does not fail. */
#ifndef WY_CLI_SUPERVISE_H
#define WY_CLI_SUPERVISE_H

/* Until it is told to end. program: as it was called; argc, argv: those of the verb, which the
 * children get too. The exit status. */
int wy_cli_supervise(const char *program, int argc, char **argv);

#endif
