/** The open-loop load generator. */
@NullMarked
package dev.baton.loadgen;

import org.jspecify.annotations.NullMarked;
