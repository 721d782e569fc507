/** The client: one event-loop thread that paces, sends, receives and times out requests. */
@NullMarked
package dev.baton.loadgen.client;

import org.jspecify.annotations.NullMarked;
