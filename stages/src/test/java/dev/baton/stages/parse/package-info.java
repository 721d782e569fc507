/** What parsers say about bad input. */
@NullMarked
package dev.baton.stages.parse;

import org.jspecify.annotations.NullMarked;
