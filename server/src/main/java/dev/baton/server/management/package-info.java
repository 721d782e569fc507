/** Health and insight, on a port and a thread of their own. */
@NullMarked
package dev.baton.server.management;

import org.jspecify.annotations.NullMarked;
