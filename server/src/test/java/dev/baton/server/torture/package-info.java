/**
 * A torture client for the demo service: raw sockets, every byte of every response checked against
 * what the client computes itself.
 */
@NullMarked
package dev.baton.server.torture;

import org.jspecify.annotations.NullMarked;
