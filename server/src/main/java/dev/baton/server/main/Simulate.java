package dev.baton.server.main;

import dev.baton.scheduler.policy.Policies;
import dev.baton.scheduler.policy.SchedulingPolicy;
import dev.baton.scheduler.simulator.Arrivals;
import dev.baton.scheduler.simulator.Costs;
import dev.baton.scheduler.simulator.Durations;
import dev.baton.scheduler.simulator.OpenLoad;
import dev.baton.scheduler.simulator.ServiceMix;
import dev.baton.scheduler.simulator.Simulation;
import dev.baton.scheduler.simulator.SimulationOptions;
import dev.baton.scheduler.simulator.SimulationResult;
import dev.baton.scheduler.simulator.Sizing;
import dev.baton.scheduler.simulator.Slo;
import dev.baton.scheduler.simulator.Sweep;
import dev.baton.scheduler.simulator.Trace;
import dev.baton.scheduler.simulator.Workload;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.function.DoubleFunction;
import java.util.function.Supplier;
import java.util.random.RandomGeneratorFactory;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code simulate}: policies side by side in virtual time. */
@Command(
    name = "simulate",
    description = {
      "Run scheduling policies in virtual time, side by side, under the same requests: what they",
      "would make of a load, on as many CPUs as you like. The same seed gives the same bytes.",
      "",
      "  simulate --cpus 20 --mix dispersive --html curves.html",
      "  simulate --trace trace.csv --policies all",
      "  simulate --rate 40000 --mix blocking --slo 'p99 2ms'     which policy, how many CPUs",
      ""
    },
    sortOptions = false,
    mixinStandardHelpOptions = true)
final class Simulate implements Callable<Integer> {
  private static final String RANDOM = "L64X128MixRandom";
  private static final int CONNECTIONS_PER_LOOP = 16;

  /** How requests of a mix come. */
  enum Coming {
    poisson,
    bursty
  }

  @Option(
      names = "--policies",
      paramLabel = "NAME",
      split = ",",
      defaultValue = "run-to-completion,per-core-fifo,shinjuku",
      description =
          "Policies to compare; all stands for every one that is known, those of services on the"
              + " class path included. Default: ${DEFAULT-VALUE}")
  private List<String> policies = List.of();

  @Option(
      names = "--cpus",
      paramLabel = "N",
      defaultValue = "2",
      description = "CPUs of the enclave, 1 … 1024. Default: ${DEFAULT-VALUE}")
  private int cpus;

  @Option(
      names = "--loops",
      paramLabel = "N",
      defaultValue = "0",
      description = "Event loops; 0 means one per CPU. Default: ${DEFAULT-VALUE}")
  private int loops;

  @Option(
      names = "--mix",
      paramLabel = "MIX",
      defaultValue = "dispersive",
      converter = MixConverter.class,
      description = {
        "What requests ask for: bimodal, blocking, constant, dispersive (99.5 %% 4us, 0.5 %% 10ms),"
            + " exponential, or kinds such as",
        "  'fast 99%% 10us; query 1%% 20us block exp(20ms) deadline 50ms'",
        "with laws 10us, exp(10us), uniform(10us,20us), lognormal(10us,0.8). Default:"
            + " ${DEFAULT-VALUE}"
      })
  private ServiceMix mix = ServiceMix.parse("dispersive");

  @Option(
      names = "--trace",
      paramLabel = "FILE",
      converter = TraceConverter.class,
      description = {
        "Requests to replay instead of --mix: a file that begins with the line '# baton trace 1',"
            + " then a line for each, by arrival:",
        "  arrival_ns,route,cpu_ns,block_ns,connection"
      })
  private @Nullable Trace trace;

  @Option(
      names = "--arrivals",
      paramLabel = "LAW",
      defaultValue = "poisson",
      description =
          "How requests come: poisson, or bursty (a tenth of the time four times as many)."
              + " Default: ${DEFAULT-VALUE}")
  private Coming arrivals = Coming.poisson;

  @Option(
      names = "--loads",
      paramLabel = "PERCENT",
      defaultValue = "10-90:10",
      converter = LoadsConverter.class,
      description =
          "Loads to try, such as 50,80,95 or 10-90:10, in percent of what the CPUs can do; of the"
              + " rate that was recorded with --trace. Default: ${DEFAULT-VALUE}")
  private Loads loads = new Loads(List.of());

  @Option(
      names = "--requests",
      paramLabel = "N",
      defaultValue = "200000",
      description = "Requests of each run; a trace has its own number. Default: ${DEFAULT-VALUE}")
  private long requests;

  @Option(
      names = "--slo",
      paramLabel = "GOALS",
      converter = SloConverter.class,
      description =
          "Find out with how many CPUs each policy meets this, such as 'p99 2ms' or"
              + " 'fast p99.9 1ms, p99 50ms', at --rate or as fast as the trace was recorded")
  private @Nullable Slo slo;

  @Option(names = "--rate", paramLabel = "N", description = "With --slo: requests per second")
  private double rate;

  @Option(
      names = "--max-cpus",
      paramLabel = "N",
      defaultValue = "64",
      description = "With --slo: the most CPUs to try. Default: ${DEFAULT-VALUE}")
  private int maxCpus;

  @Option(
      names = "--slice",
      paramLabel = "TIME",
      defaultValue = "1ms",
      converter = TimeConverter.class,
      description =
          "How long a handler may compute before its loop moves, where the policy does not say."
              + " Default: ${DEFAULT-VALUE}")
  private Long slice = 0L;

  @Option(
      names = "--grace",
      paramLabel = "TIME",
      defaultValue = "0us",
      converter = TimeConverter.class,
      description =
          "How long it may sleep before that, where the policy does not say."
              + " Default: ${DEFAULT-VALUE}")
  private Long grace = 0L;

  @Option(
      names = "--max-standbys",
      paramLabel = "N",
      defaultValue = "256",
      description = "The most handlers per CPU that may block at once. Default: ${DEFAULT-VALUE}")
  private int maxStandbys;

  @Option(
      names = "--costs",
      paramLabel = "FILE",
      converter = CostsConverter.class,
      description =
          "What things cost on your machine, in the form of costs.properties in the jar; what it"
              + " leaves out is as measured on ours")
  private @Nullable Costs costsFile;

  @Option(
      names = "--cost",
      paramLabel = "NAME=TIME",
      description = "One cost, such as contextSwitch=1us or request=0us; may be repeated")
  private Map<String, String> costs = new LinkedHashMap<>();

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Which requests. Default: ${DEFAULT-VALUE}")
  private long seed;

  @Option(
      names = "--html",
      paramLabel = "FILE",
      description = "Write the curves as one page that needs nothing else")
  private @Nullable Path html;

  @Spec private @Nullable CommandSpec spec;

  /** Shares of the capacity. */
  record Loads(List<Double> shares) {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    check();
    List<Supplier<SchedulingPolicy>> chosen = chosen();
    PrintWriter out = spec().commandLine().getOut();
    if (slo != null) {
      int code = size(slo, chosen, out);
      out.flush();
      return code;
    }
    SimulationOptions options = options(cpus, loops == 0 ? cpus : loops);
    DoubleFunction<Workload> load = share -> load(share, options);
    List<Sweep.Curve> curves = Sweep.run(options, chosen, loads.shares(), load, count());
    out.print(SimulationTable.of(headline(options), curves));
    out.flush();
    Path page = html;
    if (page != null) {
      Files.writeString(page, SimulationPage.of(headline(options), options.costs(), curves));
    }
    return 0;
  }

  private CommandSpec spec() {
    return Objects.requireNonNull(spec);
  }

  private void check() {
    range("--cpus", cpus, 1, 1024);
    range("--loops", loops, 0, 1024);
    range("--requests", requests, 1_000, 1_000_000_000);
    range("--max-cpus", maxCpus, 1, 1024);
    if (slo != null && trace == null && rate <= 0) {
      throw wrong("--slo needs --rate, requests per second, or --trace");
    }
    if (slo != null && html != null) {
      throw wrong("--html draws curves over the load: leave --slo out");
    }
    if (slo == null && rate > 0) {
      throw wrong("--rate is for --slo; curves are drawn over --loads");
    }
  }

  private void range(String option, long value, long least, long most) {
    if (value < least || value > most) {
      throw wrong(option + "=" + value + ": give " + least + " … " + most);
    }
  }

  private ParameterException wrong(String message) {
    return new ParameterException(spec().commandLine(), message);
  }

  private List<Supplier<SchedulingPolicy>> chosen() {
    List<String> names = policies.equals(List.of("all")) ? Policies.names() : policies;
    var chosen = new ArrayList<Supplier<SchedulingPolicy>>();
    for (String name : names) {
      try {
        SchedulingPolicy _ = Policies.byName(name);
      } catch (IllegalArgumentException unknown) {
        throw wrong(String.valueOf(unknown.getMessage()));
      }
      chosen.add(() -> Policies.byName(name));
    }
    return chosen;
  }

  private Costs costs() {
    Costs all = costsFile == null ? Costs.measured() : costsFile;
    try {
      for (var one : costs.entrySet()) {
        all = all.with(one.getKey(), Durations.nanos(one.getValue()));
      }
    } catch (IllegalArgumentException refused) {
      throw wrong("--cost: " + refused.getMessage());
    }
    return all;
  }

  private SimulationOptions options(int onCpus, int withLoops) {
    return new SimulationOptions(onCpus, withLoops, slice, grace, maxStandbys, costs());
  }

  private long count() {
    return trace == null ? requests : trace.requests().size();
  }

  /** The same each time: policies are compared under the same requests. */
  private Workload load(double share, SimulationOptions options) {
    Trace recorded = trace;
    if (recorded != null) {
      return recorded.at(share);
    }
    double meanNanos = mix.meanCpuNanos() + options.costs().request();
    return load(share * options.cpus() * 1e9 / meanNanos, options.loops());
  }

  private Workload load(double perSecond, int onLoops) {
    return new OpenLoad(
        arrivals == Coming.bursty
            ? new Arrivals.Bursty(perSecond)
            : new Arrivals.Poisson(perSecond),
        mix,
        CONNECTIONS_PER_LOOP * onLoops,
        requests,
        RandomGeneratorFactory.of(RANDOM).create(seed));
  }

  private Map<String, String> headline(SimulationOptions options) {
    var headline = new LinkedHashMap<String, String>();
    Trace recorded = trace;
    headline.put("CPUs", options.cpus() + (loops == 0 ? "" : ", " + loops + " loops"));
    if (recorded == null) {
      headline.put("requests", mix.toString());
      headline.put(
          "arrivals",
          String.format(Locale.ROOT, "%s, %,d a run, seed %d", arrivals, count(), seed));
    } else {
      headline.put(
          "requests",
          String.format(
              Locale.ROOT,
              "%,d of a trace, recorded at %,.0f/s",
              recorded.requests().size(),
              recorded.perSecond()));
    }
    headline.put(
        "where the policy does not say",
        "slice "
            + Durations.text(slice)
            + ", grace "
            + Durations.text(grace)
            + ", "
            + maxStandbys
            + " standbys");
    return headline;
  }

  // ---------------------------------------------------------------- sizing

  private record Sized(String policy, Sizing.@Nullable Answer answer) {}

  private int size(Slo asked, List<Supplier<SchedulingPolicy>> chosen, PrintWriter out) {
    var sized = new ArrayList<Sized>();
    for (Supplier<SchedulingPolicy> policy : chosen) {
      sized.add(
          new Sized(
              policy.get().name(),
              Sizing.fewest(
                  asked,
                  tried -> {
                    SimulationOptions options = options(tried, tried);
                    Trace recorded = trace;
                    Workload load = recorded == null ? load(rate, tried) : recorded.at(1);
                    return Simulation.run(options, policy.get(), load, count());
                  },
                  maxCpus)));
    }
    Trace recorded = trace;
    out.printf(
        Locale.ROOT,
        "%s, at %,.0f requests/s:%n%n",
        asked,
        recorded == null ? rate : recorded.perSecond());
    out.printf(
        "%-20s %5s %9s %9s %9s %11s%n", "policy", "CPUs", "p50", "p99", "p99.9", "utilisation");
    for (Sized one : sized) {
      Sizing.Answer answer = one.answer();
      if (answer == null) {
        out.printf("%-20s %5s   not with %d CPUs%n", one.policy(), "–", maxCpus);
        continue;
      }
      SimulationResult result = answer.result();
      out.printf(
          Locale.ROOT,
          "%-20s %5d %9s %9s %9s %9.0f %%%n",
          one.policy(),
          answer.cpus(),
          Durations.text(result.latencies().nanosAt(50)),
          Durations.text(result.latencies().nanosAt(99)),
          Durations.text(result.latencies().nanosAt(99.9)),
          100 * result.utilisation());
    }
    Sized best =
        sized.stream()
            .filter(one -> one.answer() != null)
            .min(
                Comparator.comparingInt((Sized one) -> answer(one).cpus())
                    .thenComparing(one -> answer(one).result().latencies().nanosAt(99)))
            .orElse(null);
    if (best == null) {
      out.printf("%nNone of them: raise --max-cpus, or ask for less.%n");
      return 1;
    }
    int cpus = answer(best).cpus();
    out.printf("%nTake %s on %d %s.%n", best.policy(), cpus, cpus == 1 ? "CPU" : "CPUs");
    return 0;
  }

  private static Sizing.Answer answer(Sized one) {
    return Objects.requireNonNull(one.answer());
  }

  // ---------------------------------------------------------------- converters

  /** Reads what may be refused with a reason. */
  private interface Reader<T> {
    T read(String value) throws IOException;
  }

  private static <T> T convert(String value, Reader<T> reader) {
    try {
      return reader.read(value);
    } catch (IllegalArgumentException refused) {
      throw new TypeConversionException(refused.getMessage());
    } catch (IOException unreadable) {
      throw new TypeConversionException(
          "'"
              + value
              + "' cannot be read ("
              + unreadable.getClass().getSimpleName()
              + "): name a file");
    }
  }

  /** Reads a mix. */
  static final class MixConverter implements ITypeConverter<ServiceMix> {
    @Override
    public ServiceMix convert(String value) {
      return Simulate.convert(value, ServiceMix::parse);
    }
  }

  /** Reads a trace's file. */
  static final class TraceConverter implements ITypeConverter<Trace> {
    @Override
    public Trace convert(String value) {
      return Simulate.convert(
          value,
          file -> {
            try (BufferedReader in = Files.newBufferedReader(Path.of(file))) {
              return Trace.read(in, file);
            }
          });
    }
  }

  /** Reads a file of costs. */
  static final class CostsConverter implements ITypeConverter<Costs> {
    @Override
    public Costs convert(String value) {
      return Simulate.convert(value, file -> Costs.read(Path.of(file)));
    }
  }

  /** Reads goals. */
  static final class SloConverter implements ITypeConverter<Slo> {
    @Override
    public Slo convert(String value) {
      return Simulate.convert(value, Slo::parse);
    }
  }

  /** Reads a time. */
  static final class TimeConverter implements ITypeConverter<Long> {
    @Override
    public Long convert(String value) {
      return Simulate.convert(value, Durations::nanos);
    }
  }

  /** Reads percents: {@code 50,80} or {@code 10-90:10}. */
  static final class LoadsConverter implements ITypeConverter<Loads> {
    private static final int MOST = 1000;

    @Override
    public Loads convert(String value) {
      return Simulate.convert(value, LoadsConverter::read);
    }

    private static Loads read(String text) {
      var shares = new ArrayList<Double>();
      try {
        for (String part : text.split(",", -1)) {
          int dash = part.indexOf('-');
          int colon = part.indexOf(':');
          double from = Double.parseDouble(dash < 0 ? part : part.substring(0, dash));
          double to = dash < 0 ? from : Double.parseDouble(part.substring(dash + 1, colon));
          double step = dash < 0 ? 1 : Double.parseDouble(part.substring(colon + 1));
          if (from <= 0 || to < from || step <= 0 || (to - from) / step > MOST) {
            throw wrong(text);
          }
          for (int i = 0; from + i * step <= to + step / 1e6; i++) {
            shares.add((from + i * step) / 100);
          }
        }
      } catch (NumberFormatException | StringIndexOutOfBoundsException e) {
        throw wrong(text);
      }
      return new Loads(List.copyOf(shares));
    }

    private static IllegalArgumentException wrong(String text) {
      return new IllegalArgumentException(
          "'" + text + "': give percents such as 50,80,95 or 10-90:10");
    }
  }
}
