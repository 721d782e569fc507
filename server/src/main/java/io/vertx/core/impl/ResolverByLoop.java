package io.vertx.core.impl;

import dev.baton.scheduler.loop.ChannelLoop;
import io.netty.channel.EventLoop;
import io.netty.resolver.AddressResolver;
import io.netty.resolver.AddressResolverGroup;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.vertx.core.dns.AddressResolverOptions;
import io.vertx.core.internal.resolver.NameResolver;
import java.net.InetSocketAddress;
import java.util.List;

/**
 * Stock Vert.x's name resolver, with one resolver for each loop: Netty keeps them by executor until
 * that ends, and each channel of a client has an executor of its own. They end with their loops.
 */
final class ResolverByLoop extends NameResolver {
  private final AddressResolverGroup<InetSocketAddress> byLoop;

  ResolverByLoop(VertxImpl vertx, AddressResolverOptions options) {
    super(vertx, options);
    AddressResolverGroup<InetSocketAddress> stock = super.nettyAddressResolverGroup();
    byLoop =
        new AddressResolverGroup<>() {
          @Override
          public AddressResolver<InetSocketAddress> getResolver(EventExecutor executor) {
            return stock.getResolver(
                executor instanceof ChannelLoop channel ? channel.loop() : executor);
          }

          @Override
          protected AddressResolver<InetSocketAddress> newResolver(EventExecutor executor) {
            throw new AssertionError("the stock group makes them");
          }

          @Override
          public void close() {
            stock.close();
          }
        };
  }

  @Override
  public AddressResolverGroup<InetSocketAddress> nettyAddressResolverGroup() {
    return byLoop;
  }

  @Override
  public Future<InetSocketAddress> resolve(EventLoop eventLoop, String hostname) {
    return super.resolve(BatonBootstrap.behind(eventLoop), hostname);
  }

  @Override
  public Future<List<InetSocketAddress>> resolveAll(EventLoop eventLoop, String hostname) {
    return super.resolveAll(BatonBootstrap.behind(eventLoop), hostname);
  }
}
