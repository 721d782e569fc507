/** Tests of the demo service, on stock Vert.x. */
@NullMarked
package dev.baton.server.main;

import org.jspecify.annotations.NullMarked;
