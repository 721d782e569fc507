/** First stages: from an HTTP request to a value, with precise errors. */
@NullMarked
package dev.baton.stages.parse;

import org.jspecify.annotations.NullMarked;
