using Backup.Daemon;
using Backup.Foundation;
using Backup.Metadata;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;
using static Backup.Tests.Daemon.StoredSource;

namespace Backup.Tests.Daemon.Placement;

/// <summary>Daemons over the same stores, as processes on several hosts would be.</summary>
public sealed class SeveralDaemonsTests : IAsyncLifetime
{
    private const string Ns = "shop.orders";
    private static readonly Guid Orders = new("11111111-1111-4111-8111-111111111111");

    private readonly List<DaemonHost> _hosts = [];
    private readonly ManualResetEventSlim _runs = new(initialState: true);
    private DaemonFixture _stores = null!;

    private static Optime At(uint t) => new(t, 1, 1);

    public async Task InitializeAsync()
    {
        _stores = await DaemonFixture.CreateAsync();
        await _stores.Source.RegisterAsync();
    }

    public async Task DisposeAsync()
    {
        _runs.Set();
        foreach (var host in _hosts)
        {
            await host.DisposeAsync();
        }

        await _stores.DisposeAsync();
        _runs.Dispose();
    }

    [Fact]
    public async Task Heads_are_shared_and_each_is_kept_by_one()
    {
        foreach (var n in Enumerable.Range(2, 5))
        {
            await _stores.Source.RegisterAsync($"r{n}", "d1", $"rs{n}", $"5f000000000000000000000{n}");
        }

        var (a, b) = (Start("a"), Start("b"));
        await _stores.UntilAsync(
            () => Task.FromResult(a.Heads.Count + b.Heads.Count == 6),
            () => $"a keeps {a.Heads.Count}, b {b.Heads.Count}"
        );
        a.Heads.Intersect(b.Heads).ShouldBeEmpty();
        await _stores.UntilAsync(
            async () =>
                (await _stores.Metadata.HeadLeases.ListAsync()).Count(lease => lease.DaemonId == "b") is 2 or 3 or 4,
            () => $"a keeps {a.Heads.Count}, b {b.Heads.Count}"
        );
    }

    [Fact]
    public async Task The_head_of_a_daemon_that_stands_still_runs_elsewhere_and_when_it_wakes_up_it_writes_nothing()
    {
        var paused = Start("a", PausedMetadata.Of(_stores.Metadata, _runs));
        await KeptByAsync(paused);
        await SyncAsync();
        await _stores.WaitForStateAsync(ReplicaSetState.Tailing);
        await _stores.Source.ShipAsync(Insert(At(110), Ns, Orders, Document(5, "five")));

        _runs.Reset();
        var other = Start("b");
        await KeptByAsync(other);
        await _stores.Source.ShipAsync(Insert(At(111), Ns, Orders, Document(6, "six")));
        var snapshot = await _stores.SnapshotAsync();
        snapshot[Ns].Keys.ShouldBe([1, 2, 5, 6]);
        var head = await _stores.Metadata.Heads.FindAsync("r1");

        // It still believes that it keeps the head, and its first write is of that head.
        _runs.Set();
        await _stores.UntilAsync(() => Task.FromResult(paused.Heads.Count == 0), () => "it keeps the head still");
        other.Heads.ShouldBe(["r1"]);
        (await _stores.Metadata.HeadLeases.FindAsync("r1"))!.DaemonId.ShouldBe("b");
        (await _stores.Metadata.Heads.FindAsync("r1")).ShouldBe(head);
        await _stores.Source.ShipAsync(Insert(At(112), Ns, Orders, Document(7, "seven")));
        (await _stores.SnapshotAsync())[Ns].Keys.ShouldBe([1, 2, 5, 6, 7]);
    }

    [Fact]
    public async Task A_head_goes_where_it_is_wished_and_back()
    {
        var (a, b) = (Start("a"), Start("b"));
        await _stores.UntilAsync(() => Task.FromResult(a.Heads.Count + b.Heads.Count == 1), () => "nobody keeps it");
        await SyncAsync();
        await _stores.WaitForStateAsync(ReplicaSetState.Tailing);
        foreach (var (host, name) in new[] { (b, "b"), (a, "a"), (b, "b") })
        {
            await _stores.Metadata.HeadLeases.WishAsync("r1", name);
            await KeptByAsync(host);
            (await _stores.SnapshotAsync())[Ns].Keys.ShouldBe([1, 2]);
        }
    }

    [Fact]
    public async Task A_drained_daemon_gives_its_head_away_and_one_that_stops_does_at_once()
    {
        var a = Start("a");
        await KeptByAsync(a);
        var b = Start("b");
        await _stores.Metadata.Daemons.DrainAsync("a", drains: true);
        await KeptByAsync(b);
        a.Heads.ShouldBeEmpty();

        await _stores.Metadata.Daemons.DrainAsync("a", drains: false);
        await b.DisposeAsync();
        _hosts.Remove(b);
        await KeptByAsync(a);
    }

    [Fact]
    public async Task Two_daemons_of_one_name_do_not_work_side_by_side()
    {
        var first = Start("a");
        await KeptByAsync(first);
        var second = Start("a");
        await KeptByAsync(second);
        await _stores.UntilAsync(() => Task.FromResult(first.Displaced is not null), () => "it goes on");
        first.Displaced!.Number.ShouldBe(DaemonErrors.NameTaken);
        first.Heads.ShouldBeEmpty();
        second.Heads.ShouldBe(["r1"]);
        second.Displaced.ShouldBeNull();
    }

    private DaemonHost Start(string name, IMetadataStore? metadata = null)
    {
        var host = DaemonHost.Start(
            metadata ?? _stores.Metadata,
            _stores.Blocks,
            _stores.Objects,
            new DaemonOptions
            {
                SpillFolder = Path.Combine(_stores.SpillFolder, $"{name}{_hosts.Count}"),
                Name = name,
                Alone = false,
                DaemonBeat = TimeSpan.FromMilliseconds(100),
                DaemonSilence = TimeSpan.FromSeconds(1.5),
                JobLease = TimeSpan.FromSeconds(2),
            },
            keepsHeads: true,
            TimeProvider.System,
            NullLoggerFactory.Instance
        );
        _hosts.Add(host);
        return host;
    }

    private Task KeptByAsync(DaemonHost host) =>
        _stores.UntilAsync(
            () => Task.FromResult(host.Heads.Contains("r1")),
            () => $"it keeps {string.Join(", ", host.Heads)}"
        );

    private async Task SyncAsync()
    {
        _stores.Source.Lists(Ns, Orders);
        await _stores.Source.BeginAsync("s1", At(100));
        await _stores.Source.CopyAsync(Orders, Document(1, "one"), Document(2, "two"));
        await _stores.Source.DoneAsync(Orders);
        await _stores.Source.CopiedAsync(At(105));
        await _stores.Source.ShipAsync(Noop(At(100)), Noop(At(105)));
    }
}
