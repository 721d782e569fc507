package dev.baton.loadgen.server;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.util.ReferenceCountUtil;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/2 server: answers "ok", except {@code /reset} (RST_STREAM), {@code /silent}, {@code
 * /authority} (what the request says of it), {@code /window} (whether the client lets it send) and
 * {@code /length} (how many bytes came).
 */
@SuppressWarnings("FutureReturnValueIgnored") // a client that went away needs no answer
public final class Http2Server implements AutoCloseable {
  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final Channel channel;
  private final boolean secure;

  private Http2Server(@Nullable SslContext ssl) {
    secure = ssl != null;
    channel =
        new ServerBootstrap()
            .group(group)
            .channel(NioServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel ch) {
                    if (ssl != null) {
                      ch.pipeline().addLast(ssl.newHandler(ch.alloc()));
                    }
                    ch.pipeline()
                        .addLast(
                            Http2FrameCodecBuilder.forServer()
                                .decoderEnforceMaxRstFramesPerWindow(0, 0)
                                .build())
                        .addLast(
                            new Http2MultiplexHandler(
                                new ChannelInitializer<Channel>() {
                                  @Override
                                  protected void initChannel(Channel stream) {
                                    stream.pipeline().addLast(new Handler());
                                  }
                                }));
                  }
                })
            .bind("127.0.0.1", 0)
            .syncUninterruptibly()
            .channel();
  }

  /** Starts a server on a free port of the loopback, with a certificate of its own if secure. */
  public static Http2Server start(boolean secure) {
    if (!secure) {
      return new Http2Server(null);
    }
    try {
      var bundle =
          new CertificateBuilder()
              .subject("CN=localhost")
              .setIsCertificateAuthority(true)
              .buildSelfSigned();
      var ssl =
          SslContextBuilder.forServer(bundle.toKeyManagerFactory())
              .applicationProtocolConfig(
                  new ApplicationProtocolConfig(
                      ApplicationProtocolConfig.Protocol.ALPN,
                      ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                      ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                      ApplicationProtocolNames.HTTP_2))
              .build();
      return new Http2Server(ssl);
    } catch (Exception e) {
      throw new IllegalStateException("no TLS server", e);
    }
  }

  /** The URL of a path. */
  public String url(String path) {
    int port = ((InetSocketAddress) channel.localAddress()).getPort();
    return (secure ? "https" : "http") + "://127.0.0.1:" + port + path;
  }

  @Override
  public void close() {
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  private static final class Handler extends ChannelInboundHandlerAdapter {
    private String path = "";
    private String authority = "";
    private String host = "";
    private long length;

    /** What the client lets this connection send. */
    private static int window(ChannelHandlerContext ctx) {
      var codec = ctx.channel().parent().pipeline().get(Http2FrameCodec.class);
      var connection = codec.connection();
      return connection.remote().flowController().windowSize(connection.connectionStream());
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      boolean end = false;
      if (message instanceof Http2HeadersFrame headers) {
        path = String.valueOf(headers.headers().path());
        authority = String.valueOf(headers.headers().authority());
        host = String.valueOf(headers.headers().get("host"));
        end = headers.isEndStream();
      } else if (message instanceof Http2DataFrame data) {
        length += data.content().readableBytes();
        end = data.isEndStream();
      }
      ReferenceCountUtil.release(message);
      String text =
          switch (path) {
            case "/authority" -> "authority=" + authority + " host=" + host;
            case "/length" -> "length=" + length + ".";
            case "/window" -> window(ctx) > 100 << 20 ? "wide" : "narrow";
            default -> "ok";
          };
      if (end && path.equals("/reset")) {
        ctx.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.INTERNAL_ERROR));
      } else if (end && !path.equals("/silent")) {
        var body = Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
        ctx.write(new DefaultHttp2HeadersFrame(new DefaultHttp2Headers().status("200")));
        ctx.writeAndFlush(new DefaultHttp2DataFrame(body, true));
      }
    }
  }
}
