/** One small service per feature; the README shows them. */
@NullMarked
package dev.baton.examples;

import org.jspecify.annotations.NullMarked;
