/** Servers whose behaviour is known, to test the load generator against. */
@NullMarked
package dev.baton.loadgen.server;

import org.jspecify.annotations.NullMarked;
