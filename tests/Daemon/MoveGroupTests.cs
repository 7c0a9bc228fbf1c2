using System.Text.Json;
using Backup.Blockstore;
using Backup.Blockstore.Grooming;
using Backup.Blockstore.Sealing;
using Backup.Blockstore.Shelf;
using Backup.Daemon;
using Backup.Daemon.Grooming;
using Backup.Daemon.Heads;
using Backup.Daemon.Jobs;
using Backup.Daemon.Stores;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Snapshots.Reading;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;
using static Backup.Tests.Daemon.StoredSource;

namespace Backup.Tests.Daemon;

/// <summary>A group moves from one block store to another while its heads go on, both stores are groomed without a pause, and the move is killed again and again.</summary>
public sealed class MoveGroupTests : IAsyncLifetime
{
    private const string Ns = "shop.orders";
    private static readonly Guid Orders = new("11111111-1111-4111-8111-111111111111");

    private readonly WatchedStore _a = new();
    private readonly WatchedStore _b = new();
    private readonly SortedDictionary<int, string> _documents = [];
    private readonly Dictionary<string, SortedDictionary<int, string>> _snapshots = [];
    private readonly CancellationTokenSource _stop = new();
    private DaemonFixture _stores = null!;
    private StoreShelf _shelf = null!;
    private DaemonHost _host = null!;
    private Task _grooming = Task.CompletedTask;
    private uint _at = 200;

    public async Task InitializeAsync()
    {
        _stores = await DaemonFixture.CreateAsync();
        await _stores.Groomer.StopAsync();
        await _stores.Source.RegisterAsync();
        _shelf = new StoreShelf([new ShelvedStore("a", _a), new ShelvedStore("b", _b)]);
        _host = DaemonHost.Start(
            _stores.Metadata,
            _shelf,
            _stores.Objects,
            new DaemonOptions { SpillFolder = _stores.SpillFolder, DaemonBeat = TimeSpan.FromMilliseconds(100) },
            keepsHeads: true,
            TimeProvider.System,
            NullLoggerFactory.Instance
        );
        _grooming = Task.Run(GroomAsync);
    }

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _grooming;
        await _host.DisposeAsync();
        await _stores.DisposeAsync();
        _stop.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Nothing_is_lost_and_in_the_end_the_source_has_nothing_of_it(int seed)
    {
        var random = new Random(seed);
        await SyncAsync();
        for (var n = 0; n < 6; n++)
        {
            await ChangeAsync(random);
            await SnapshotAsync();
        }

        await MoveAsync("b", _b, random);
        await EmptyAsync(_a);
        await ReadAllAsync(_b);
        await ChangeAsync(random);
        await SnapshotAsync();
        _a.Inner.Statistics.Blocks.ShouldBe(0, "what comes is put where the group is");

        // And back, where what was left of it once may not be taken for what is needed now.
        await MoveAsync("a", _a, random);
        await EmptyAsync(_b);
        await ReadAllAsync(_a);
    }

    [Fact]
    public async Task A_move_that_was_overtaken_by_another_ends_with_nothing_lost()
    {
        var random = new Random(7);
        await SyncAsync();
        await ChangeAsync(random);
        await SnapshotAsync();
        var group = await GroupAsync();
        await _stores.Metadata.GroupStores.AssignAsync(group, "b", Plain("a", "b"));
        _b.OnPut = () => _stores.Metadata.GroupStores.AssignAsync(group, "a", Plain("a", "b"));
        (await Should.ThrowAsync<BackupException>(() => RunAsync(group, default))).Number.ShouldBe(
            DaemonErrors.MoveOvertaken
        );
        _b.OnPut = null;
        (await RunAsync(group, default)).Store.ShouldBe("a");
        await EmptyAsync(_b);
        await ReadAllAsync(_a);
    }

    /// <summary>A store that was given another name, say: what is in it is under no name that a groom knows.</summary>
    [Fact]
    public async Task What_is_in_a_store_that_is_not_configured_is_looked_for_in_all()
    {
        await SyncAsync();
        await ChangeAsync(new Random(11));
        await SnapshotAsync();
        var group = await GroupAsync();
        await _stores.Metadata.GroupStores.AssignAsync(group, "c", Plain("a", "b", "c"));
        var all = (await _stores.Metadata.ManifestsAsync()).Select(static one => one.ManifestBlock).ToHashSet();
        (await _stores.Metadata.GroupStores.MovedAsync(group, "c", all, [])).ShouldBeTrue();
        var services = new HeadServices(
            _stores.Metadata,
            _shelf,
            _stores.Objects,
            new DaemonOptions { SpillFolder = _stores.SpillFolder },
            TimeProvider.System,
            NullLogger.Instance
        );
        (await Should.ThrowAsync<BackupException>(() => services.OfAsync("r1", default))).Number.ShouldBe(
            BlockstoreErrors.StoreUnknown
        );

        var roots = new StoreRoots(_stores.Metadata, _shelf, TimeProvider.System);
        (await roots.Of("a").ListAsync())
            .Select(static one => one.Id.ToString())
            .Distinct()
            .ShouldBe(all, ignoreOrder: true);
        await _stores.Metadata.GroupStores.AssignAsync(group, "a", Plain("a", "b"));
        await ReadAllAsync(_a);
    }

    /// <summary>Assigns the group, kills the move at several puts, with work between, and lets it end by the queue.</summary>
    private async Task MoveAsync(string store, WatchedStore target, Random random)
    {
        var group = await GroupAsync();
        (await _stores.Metadata.GroupStores.AssignAsync(group, store, Plain("a", "b"))).IsMoving.ShouldBeTrue();
        foreach (var kill in new[] { 1, 2, random.Next(3, 6), random.Next(6, 12) })
        {
            using var killed = new CancellationTokenSource();
            var left = kill;
            target.OnPut = () => Interlocked.Decrement(ref left) == 0 ? killed.CancelAsync() : Task.CompletedTask;
            try
            {
                await RunAsync(group, killed.Token);
            }
            catch (OperationCanceledException)
            {
                // As a process that is killed: what it held is held no more.
            }

            target.OnPut = null;
            await ChangeAsync(random);
            await SnapshotAsync();
        }

        var job = JobKinds.New(
            JobKinds.MoveGroup,
            JobSubjects.Store,
            JsonSerializer.Serialize(new MoveGroupArguments(group), JobKinds.Json),
            TimeProvider.System.GetUtcNow()
        );
        await _stores.Metadata.Jobs.AddAsync(job);
        var ended = await _stores.WaitForJobAsync(job.Id);
        ended.State.ShouldBe(JobState.Succeeded, $"{ended.ErrorCode} {ended.ErrorMessage}");
        (await _stores.Metadata.GroupStores.FindAsync(group))!.IsMoving.ShouldBeFalse();
    }

    private async Task<MoveGroupResult> RunAsync(string group, CancellationToken cancellation)
    {
        var arguments = JsonSerializer.Serialize(new MoveGroupArguments(group), JobKinds.Json);
        var job = JobKinds.New(JobKinds.MoveGroup, JobSubjects.Store, arguments, TimeProvider.System.GetUtcNow());
        var result = await new MoveGroupJob(_stores.Metadata, _shelf, keys: null, TimeProvider.System).RunAsync(
            job,
            new JobProgress(TimeProvider.System),
            cancellation
        );
        return JsonSerializer.Deserialize<MoveGroupResult>(result, JobKinds.Json)!;
    }

    private Task EmptyAsync(WatchedStore store) =>
        _stores.UntilAsync(
            () => Task.FromResult(store.Inner.Statistics.Blocks == 0),
            () => $"it still has {store.Inner.Statistics.Blocks} blocks"
        );

    /// <summary>Every snapshot is whole in that store alone.</summary>
    private async Task ReadAllAsync(WatchedStore store)
    {
        foreach (var snapshot in await _stores.Metadata.Snapshots.ListAsync("r1"))
        {
            BlockId.TryParse(snapshot.ManifestBlock, out var manifest).ShouldBeTrue();
            var reader = await SnapshotReader.OpenAsync(store.Inner, manifest);
            var found = new SortedDictionary<int, string>();
            await using var cursor = reader.OpenCollection(Orders);
            while (await cursor.MoveNextAsync())
            {
                found.Add(cursor.View["_id"u8].AsInt32, cursor.View["text"u8].AsString);
            }

            if (_snapshots.TryGetValue(snapshot.Id, out var expected))
            {
                found.ShouldBe(expected);
            }
            else
            {
                // By the schedule, when the head was ready: nothing was ever removed or changed.
                found.ShouldNotBeEmpty();
                found.ShouldBeSubsetOf(_documents);
            }
        }
    }

    private async Task GroomAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _shelf.GroomAsync(
                    new StoreRoots(_stores.Metadata, _shelf, TimeProvider.System),
                    cancellation: _stop.Token
                );
                await Task.Delay(2, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (BackupException other) when (other.Number == BlockstoreErrors.GroomUnderWay)
            {
                // The daemon's own, by its schedule.
                await Task.Delay(2, CancellationToken.None);
            }
        }
    }

    private async Task ChangeAsync(Random random)
    {
        for (var n = 0; n < 4; n++)
        {
            var id = random.Next(1000, 100_000);
            var text = new string((char)('a' + random.Next(26)), random.Next(10, 30_000)) + random.Next();
            if (_documents.TryAdd(id, text))
            {
                await _stores.Source.ShipAsync(Insert(new Optime(++_at, 1, 1), Ns, Orders, Document(id, text)));
            }
        }
    }

    private async Task SnapshotAsync()
    {
        var snapshot = await _stores.TakeSnapshotAsync();
        _snapshots[snapshot.Id] = new SortedDictionary<int, string>(_documents);
    }

    private async Task<string> GroupAsync() => (await _stores.Metadata.Access.EnsureGroupAsync("default")).Id;

    private async Task SyncAsync()
    {
        _stores.Source.Lists(Ns, Orders);
        await _stores.Source.BeginAsync("s1", new Optime(100, 1, 1));
        (_documents[1], _documents[2]) = ("one", "two");
        await _stores.Source.CopyAsync(Orders, Document(1, "one"), Document(2, "two"));
        await _stores.Source.DoneAsync(Orders);
        await _stores.Source.CopiedAsync(new Optime(105, 1, 1));
        await _stores.Source.ShipAsync(Noop(new Optime(100, 1, 1)), Noop(new Optime(105, 1, 1)));
        await _stores.WaitForStateAsync(ReplicaSetState.Tailing);
    }

    /// <summary>In memory, and tells of each put before it is done.</summary>
    private sealed class WatchedStore : ISealingStore, IGroomable
    {
        internal MemoryBlockStore Inner { get; } = new() { RefusesUnheld = true };

        internal Func<Task>? OnPut { get; set; }

        public BlockStoreStatistics Statistics => Inner.Statistics;

        public BlockHolds Holds => Inner.Holds;

        public ValueTask<PutResult> PutAsync(ReadOnlyMemory<byte> raw, CancellationToken cancellation = default) =>
            PutAsync(raw, BlockSealer.Plain, cancellation);

        public async ValueTask<PutResult> PutAsync(
            ReadOnlyMemory<byte> raw,
            BlockSealer sealer,
            CancellationToken cancellation = default
        )
        {
            if (OnPut is { } told)
            {
                await told();
            }

            return await Inner.PutAsync(raw, sealer, cancellation);
        }

        public Task FlushAsync(CancellationToken cancellation = default) => Inner.FlushAsync(cancellation);

        public ValueTask<bool> ContainsAsync(BlockId id, CancellationToken cancellation = default) =>
            Inner.ContainsAsync(id, cancellation);

        public ValueTask<System.Buffers.IMemoryOwner<byte>> GetAsync(
            BlockId id,
            CancellationToken cancellation = default
        ) => Inner.GetAsync(id, cancellation);

        public IAsyncEnumerable<StoredBlock> ListAsync(CancellationToken cancellation = default) =>
            Inner.ListAsync(cancellation);

        public Task<StoreCheck> CheckAsync(Action<StoreFinding> found, CancellationToken cancellation = default) =>
            Inner.CheckAsync(found, cancellation);

        public Task<GroomReport> GroomAsync(
            IBlockRoots roots,
            GroomOptions? options = null,
            IProgress<GroomProgress>? progress = null,
            CancellationToken cancellation = default
        ) => Inner.GroomAsync(roots, options, progress, cancellation);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private static IReadOnlyList<TaggedStore> Plain(params string[] names) =>
        [.. names.Select(static one => new TaggedStore(one, []))];
}
