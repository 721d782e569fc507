/** The servers: each hands method, path and body to the service and writes its answer. */
@NullMarked
package dev.baton.loadgen.peers.server;

import org.jspecify.annotations.NullMarked;
