/** What differs from request to request: URL lists, CSV feeds and texts with placeholders. */
@NullMarked
package dev.baton.loadgen.values;

import org.jspecify.annotations.NullMarked;
