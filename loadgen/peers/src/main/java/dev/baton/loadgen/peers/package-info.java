/** The same small service on several servers, by name, and one command that compares them. */
@NullMarked
package dev.baton.loadgen.peers;

import org.jspecify.annotations.NullMarked;
