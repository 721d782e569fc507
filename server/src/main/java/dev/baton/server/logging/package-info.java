/** What is logged, how it looks, and which requests it belongs to. */
@NullMarked
package dev.baton.server.logging;

import org.jspecify.annotations.NullMarked;
