package dev.baton.scheduler.simulator;

/**
 * What came of a run.
 *
 * @param policy its name
 * @param latencies of the requests that count
 * @param perSecond how many came
 * @param keepsUp whether as many were answered as came, while they came
 * @param utilisation share of the CPUs' time that was spent, while they came
 * @param blockedTakeovers loops taken from workers that slept
 * @param hogTakeovers loops taken from workers that computed for too long
 * @param pulled requests that another loop than theirs has run
 * @param switches of threads on the CPUs
 * @param came requests in all
 * @param answered those that were answered: all, or requests were lost
 * @param events that have happened, the measure of what a simulation takes
 */
public record SimulationResult(
    String policy,
    Latencies latencies,
    double perSecond,
    boolean keepsUp,
    double utilisation,
    long blockedTakeovers,
    long hogTakeovers,
    long pulled,
    long switches,
    long came,
    long answered,
    long events) {}
