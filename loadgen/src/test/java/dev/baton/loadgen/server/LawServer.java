package dev.baton.loadgen.server;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/1.1 server of one event loop that answers after a delay drawn from a known law, without
 * blocking anyone else.
 *
 * <p>{@code /fast} at once; {@code /constant/MICROS}; {@code /exponential/MEAN_MICROS}; {@code
 * /bimodal/LOW_MICROS/HIGH_MICROS/HIGH_PERMILLE}; {@code /status/CODE}; {@code /alternate/CODE}
 * gives every second request that status; {@code /close} closes after answering; {@code /reset}
 * closes without an answer; {@code /silent} never answers; {@code /block/MILLIS} blocks the loop;
 * {@code /spin/MICROS} keeps it busy; {@code /echo} answers the method.
 *
 * <p>It records how long it kept back the answers that follow a law, from the read of the request
 * to the write of the response: what a client should report, but for the way there and back. {@code
 * /recorded} answers {@code count p50 p90 p95 p99 p999 max} in microseconds, {@code /forget}
 * forgets.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a client that went away needs no answer
public final class LawServer implements AutoCloseable {
  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final Channel channel;

  // Written by the event loop
  private final Histogram recorded = new Histogram(3_600_000_000_000L, 3);

  private LawServer(int port) {
    channel =
        new ServerBootstrap()
            .group(group)
            .channel(EpollServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel ch) {
                    ch.pipeline().addLast(new HttpServerCodec(), new Handler(recorded));
                  }
                })
            .bind("127.0.0.1", port)
            .syncUninterruptibly()
            .channel();
  }

  /** Starts a server on a free port of the loopback. */
  public static LawServer start() {
    return new LawServer(0);
  }

  /** Starts a server on the given port and runs until killed. */
  public static void main(String[] args) {
    var server = new LawServer(args.length > 0 ? Integer.parseInt(args[0]) : 8080);
    System.out.println("listening on " + server.port());
    server.channel.closeFuture().syncUninterruptibly();
  }

  /** The port. */
  public int port() {
    return ((InetSocketAddress) channel.localAddress()).getPort();
  }

  /** The URL of a path. */
  public String url(String path) {
    return "http://127.0.0.1:" + port() + path;
  }

  /**
   * Keeps the only event loop from doing anything for so long.
   *
   * @return how long it was in the end, milliseconds
   */
  public double freeze(long millis) {
    return group
        .submit(
            () -> {
              long begin = System.nanoTime();
              sleep(millis);
              return (System.nanoTime() - begin) / 1e6;
            })
        .syncUninterruptibly()
        .getNow();
  }

  /** How long it kept back the answers that follow a law, in nanoseconds. */
  public Histogram recorded() {
    return group.submit(() -> recorded.copy()).syncUninterruptibly().getNow();
  }

  /** Forgets what it recorded. */
  public void forget() {
    group.submit(recorded::reset).syncUninterruptibly();
  }

  @Override
  public void close() {
    var _ = group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static final class Handler extends ChannelInboundHandlerAdapter {
    private static final ByteBuf BODY =
        Unpooled.unreleasableBuffer(
            Unpooled.directBuffer().writeBytes("ok".getBytes(StandardCharsets.UTF_8)));
    // One law for all connections of the only loop.
    private static final SplittableRandom RANDOM = new SplittableRandom(7);
    private static int alternating;

    private final Histogram recorded;
    private @Nullable HttpRequest request;

    Handler(Histogram recorded) {
      this.recorded = recorded;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (message instanceof HttpRequest head) {
        request = head;
      }
      var current = request;
      if (message instanceof LastHttpContent && current != null) {
        answer(ctx, current);
      }
      ReferenceCountUtil.release(message);
    }

    private void answer(ChannelHandlerContext ctx, HttpRequest request) {
      String[] path = request.uri().substring(1).split("/", -1);
      switch (path[0]) {
        case "constant" -> respondAfter(ctx, request, Long.parseLong(path[1]) * 1_000);
        case "exponential" ->
            respondAfter(
                ctx,
                request,
                (long) (-Math.log(1 - RANDOM.nextDouble()) * Long.parseLong(path[1]) * 1_000));
        case "bimodal" ->
            respondAfter(
                ctx,
                request,
                1_000
                    * Long.parseLong(
                        RANDOM.nextInt(1_000) < Integer.parseInt(path[3]) ? path[2] : path[1]));
        case "status" ->
            respond(ctx, request, HttpResponseStatus.valueOf(Integer.parseInt(path[1])), BODY);
        case "alternate" ->
            respond(
                ctx,
                request,
                alternating++ % 2 == 0
                    ? HttpResponseStatus.valueOf(Integer.parseInt(path[1]))
                    : HttpResponseStatus.OK,
                BODY);
        case "close" -> {
          respond(ctx, request, HttpResponseStatus.OK, BODY);
          ctx.close();
        }
        case "reset" -> {
          var config = (io.netty.channel.socket.SocketChannelConfig) ctx.channel().config();
          config.setSoLinger(0);
          ctx.close();
        }
        case "silent" -> {}
        case "block" -> {
          sleep(Long.parseLong(path[1]));
          respond(ctx, request, HttpResponseStatus.OK, BODY);
        }
        case "spin" -> {
          long end = System.nanoTime() + Long.parseLong(path[1]) * 1_000;
          while (System.nanoTime() < end) {
            Thread.onSpinWait();
          }
          respond(ctx, request, HttpResponseStatus.OK, BODY);
        }
        case "echo" ->
            respond(
                ctx,
                request,
                HttpResponseStatus.OK,
                Unpooled.copiedBuffer(request.method().name(), StandardCharsets.UTF_8));
        case "recorded" ->
            respond(
                ctx,
                request,
                HttpResponseStatus.OK,
                Unpooled.copiedBuffer(summary(), StandardCharsets.UTF_8));
        case "forget" -> {
          recorded.reset();
          respond(ctx, request, HttpResponseStatus.OK, BODY);
        }
        default -> respond(ctx, request, HttpResponseStatus.OK, BODY);
      }
    }

    private String summary() {
      return String.format(
          Locale.ROOT,
          "%d %.1f %.1f %.1f %.1f %.1f %.1f",
          recorded.getTotalCount(),
          recorded.getValueAtPercentile(50) / 1e3,
          recorded.getValueAtPercentile(90) / 1e3,
          recorded.getValueAtPercentile(95) / 1e3,
          recorded.getValueAtPercentile(99) / 1e3,
          recorded.getValueAtPercentile(99.9) / 1e3,
          recorded.getMaxValue() / 1e3);
    }

    private void respondAfter(ChannelHandlerContext ctx, HttpRequest request, long nanos) {
      long read = System.nanoTime();
      var _ =
          ctx.executor()
              .schedule(
                  () -> {
                    recorded.recordValue(System.nanoTime() - read);
                    respond(ctx, request, HttpResponseStatus.OK, BODY);
                  },
                  nanos,
                  TimeUnit.NANOSECONDS);
    }

    private static void respond(
        ChannelHandlerContext ctx, HttpRequest request, HttpResponseStatus status, ByteBuf body) {
      FullHttpResponse response =
          new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, body.duplicate());
      response.headers().setInt(HttpHeaderNames.CONTENT_LENGTH, body.readableBytes());
      boolean keepAlive = HttpUtil.isKeepAlive(request);
      if (!keepAlive) {
        response.headers().set(HttpHeaderNames.CONNECTION, "close");
      }
      ctx.writeAndFlush(response, ctx.voidPromise());
      if (!keepAlive) {
        ctx.close();
      }
    }
  }
}
