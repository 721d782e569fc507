@NullMarked
package dev.baton.loadgen.values;

import org.jspecify.annotations.NullMarked;
