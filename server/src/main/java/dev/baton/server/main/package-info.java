/**
 * The demo service: one ordinary Vert.x verticle with deterministic work of every kind that blocks,
 * burns CPU, waits or streams, for trying the server and for measuring it beside stock Vert.x.
 */
@NullMarked
package dev.baton.server.main;

import org.jspecify.annotations.NullMarked;
