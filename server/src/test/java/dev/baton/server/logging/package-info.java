/** Tests of the demo service, on stock Vert.x. */
@NullMarked
package dev.baton.server.logging;

import org.jspecify.annotations.NullMarked;
