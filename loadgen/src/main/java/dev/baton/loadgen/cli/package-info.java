/** The command line: options in, terminal lines, files and exit codes out. */
@NullMarked
package dev.baton.loadgen.cli;

import org.jspecify.annotations.NullMarked;
