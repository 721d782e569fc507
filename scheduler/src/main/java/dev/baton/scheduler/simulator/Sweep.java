package dev.baton.scheduler.simulator;

import dev.baton.scheduler.policy.SchedulingPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.DoubleFunction;
import java.util.function.Supplier;

/**
 * Several policies under the same loads, side by side. Each run is by itself, so they may run at
 * the same time, and the result does not depend on that.
 */
public final class Sweep {
  private Sweep() {}

  /**
   * A load.
   *
   * @param share the load as a share of what the CPUs can do, or of a trace's own rate
   * @param result what came of it
   */
  public record Point(double share, SimulationResult result) {}

  /**
   * The loads of one policy.
   *
   * @param policy its name
   * @param points in the order of the loads
   */
  public record Curve(String policy, List<Point> points) {}

  /**
   * Runs all of it.
   *
   * @param policies each makes fresh instances
   * @param shares the loads
   * @param load makes the same load each time it is asked for the same share
   * @param requests how many each of them brings
   */
  public static List<Curve> run(
      SimulationOptions options,
      List<Supplier<SchedulingPolicy>> policies,
      List<Double> shares,
      DoubleFunction<Workload> load,
      long requests)
      throws InterruptedException {
    try (ExecutorService threads =
        Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors())) {
      var running = new ArrayList<List<Future<Point>>>();
      for (Supplier<SchedulingPolicy> policy : policies) {
        var points = new ArrayList<Future<Point>>();
        for (double share : shares) {
          Callable<Point> run =
              () ->
                  new Point(
                      share, Simulation.run(options, policy.get(), load.apply(share), requests));
          points.add(threads.submit(run));
        }
        running.add(points);
      }
      var curves = new ArrayList<Curve>();
      for (List<Future<Point>> futures : running) {
        var points = new ArrayList<Point>();
        for (Future<Point> future : futures) {
          points.add(result(future, threads));
        }
        curves.add(new Curve(points.getFirst().result().policy(), points));
      }
      return curves;
    }
  }

  private static Point result(Future<Point> future, ExecutorService threads)
      throws InterruptedException {
    try {
      return future.get();
    } catch (ExecutionException e) {
      threads.shutdownNow();
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure; // of a policy, as a rule
      }
      throw new IllegalStateException(e.getCause());
    }
  }
}
