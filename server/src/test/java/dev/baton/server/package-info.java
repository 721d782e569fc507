/** Tests of what users see of the server, some of them on stock Vert.x for comparison. */
@NullMarked
package dev.baton.server;

import org.jspecify.annotations.NullMarked;
