/** What every peer answers, written once. Knows no server. */
@NullMarked
package dev.baton.loadgen.peers.service;

import org.jspecify.annotations.NullMarked;
