/** Tests of what operators see, and of how it holds up. */
@NullMarked
package dev.baton.server.management;

import org.jspecify.annotations.NullMarked;
