/** Which request and which trace a callback belongs to: in the log, and to others who are asked. */
@NullMarked
package dev.baton.server.tracing;

import org.jspecify.annotations.NullMarked;
