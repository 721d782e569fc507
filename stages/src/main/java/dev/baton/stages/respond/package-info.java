/** Last stages: from a value to an HTTP response. */
@NullMarked
package dev.baton.stages.respond;

import org.jspecify.annotations.NullMarked;
