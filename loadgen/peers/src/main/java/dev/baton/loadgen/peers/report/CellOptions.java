package dev.baton.loadgen.peers.report;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How the cells are measured.
 *
 * @param cpusServer a CPU list for the servers, or null
 * @param warmup length of a closed loop on a fresh JVM; repeated until the server is warm
 * @param measured length of each open loop
 * @param realtime whether the generator's thread is put into the real-time class
 * @param jvmOptions options of the servers' JVMs
 * @param maxOthers a cell during which others had more CPUs than this is measured again, as is one
 *     in which the generator was late at p99
 */
public record CellOptions(
    @Nullable String cpusServer,
    Duration warmup,
    Duration measured,
    boolean realtime,
    String jvmOptions,
    double maxOthers) {}
