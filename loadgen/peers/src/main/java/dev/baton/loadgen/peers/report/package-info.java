/** The comparison: cells measured one by one, summed up, written as tables and a page. */
@NullMarked
package dev.baton.loadgen.peers.report;

import org.jspecify.annotations.NullMarked;
