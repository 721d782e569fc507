/** Sessions of several requests in order, whose values come from the answers before. */
@NullMarked
package dev.baton.loadgen.scenario;

import org.jspecify.annotations.NullMarked;
