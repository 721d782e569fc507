/** Requests as continuations through typed stages. */
@NullMarked
package dev.baton.stages;

import org.jspecify.annotations.NullMarked;
