using System.Buffers;
using System.Runtime.CompilerServices;
using Backup.Blockstore.Grooming;
using Backup.Blockstore.Packs;
using Backup.Blockstore.Sealing;
using Backup.Blockstore.Shared;
using Backup.Foundation.Errors;
using Backup.MongoWire.Client;

namespace Backup.Blockstore.Mongo;

/// <summary>
/// Blocks in a MongoDB replica set, or in a cluster that shards them by hashed <c>_id</c>. Any number of processes use the same database at the same
/// time, and any of them grooms. Hashing, compression and its verification run on the callers' threads; blocks go to the server in batches.
/// </summary>
/// <remarks>
/// <para>
/// Failure policy: what the server or the network refuses for a while is tried again for <see cref="MongoStoreOptions.GiveUpAfter"/>; after that every
/// put and flush is refused with 5005 until the store is opened again. Where others went on without this process, it is refused with 5060.
/// </para>
/// <para>
/// Why no block is lost that any process needs: docs/decisions/0014-several-processes-share-a-store.md. In short: a block carries the newest epoch
/// under which it was put, a groom removes only what is not marked and carries an epoch older than all work that goes on, and the server looks at
/// that epoch in the same step as it removes.
/// </para>
/// </remarks>
public sealed class MongoBlockStore : ISealingStore, IGroomable, ICheckable, ISharedStore, IDrivenStore
{
    private readonly MongoStoreOptions _options;
    private readonly MongoTalk _talk;
    private readonly MongoSharedPlace _place;
    private readonly BlockLookups _lookups;
    private readonly LargeBlocks _large;
    private readonly BlockReads _reads;
    private readonly BlockWrites _writes;
    private readonly KnownBlocks _known = new();
    private readonly PutTurns _puts = new();
    private readonly SemaphoreSlim _grooming = new(1, 1);
    private readonly CancellationTokenSource _closing = new();
    private StoreSession _session = null!;
    private Func<SharedGroomStep, Task>? _groomPassed;
    private Func<Task>? _groomWaiting;
    private int _disposed;
    private long _newBlocks;
    private long _newBytes;
    private long _duplicates;

    private MongoBlockStore(MongoClient client, MongoStoreOptions options)
    {
        _options = options;
        _talk = new MongoTalk(client, options);
        _place = new MongoSharedPlace(_talk);
        _lookups = new BlockLookups(_talk);
        _large = new LargeBlocks(_talk, _lookups, new DataParts(_talk, BlockDocuments.Parts, options.PartBytes));
        _reads = new BlockReads(_talk, _large, options.Keys);
        _writes = new BlockWrites(_talk, options, _lookups, _large, _known, () => _session);
    }

    public bool HasStopped => _writes.Failure is not null || _session.IsLost;

    public Guid Session => _session.Id;

    public BlockHolds Holds { get; } = new();

    /// <summary>Of what the store holds: as counted by all processes up to their last sign of life; a groom sets right what a killed one has not told.</summary>
    public BlockStoreStatistics Statistics
    {
        get
        {
            var total = _writes.Total;
            return new BlockStoreStatistics(
                total.Blocks,
                total.Bytes,
                Interlocked.Read(ref _newBlocks),
                Interlocked.Read(ref _newBytes),
                Interlocked.Read(ref _duplicates)
            );
        }
    }

    Func<SharedGroomStep, Task>? IDrivenStore.GroomPassed
    {
        get => _groomPassed;
        set => _groomPassed = value;
    }

    Func<Task>? IDrivenStore.GroomWaiting
    {
        get => _groomWaiting;
        set => _groomWaiting = value;
    }

    /// <summary>Opens the store; its collections are made where they are missing.</summary>
    /// <param name="client">Of a replica set or of routers, MongoDB 4.2 or later; it stays the caller's.</param>
    /// <param name="options">How it works.</param>
    /// <param name="cancellation">May leave empty collections.</param>
    /// <exception cref="BackupException">5008 where a newer release wrote it, 5061 where the server refuses, 2110 to 2134 where it is not to be had.</exception>
    public static async Task<MongoBlockStore> OpenAsync(
        MongoClient client,
        MongoStoreOptions options,
        CancellationToken cancellation = default
    )
    {
        var store = new MongoBlockStore(client, options);
        try
        {
            await store._talk.ReachAsync(cancellation);
            await store._talk.MakeAsync(MongoSharedPlace.StateCollection, isSharded: false, cancellation);
            await store._talk.MakeAsync(MongoSharedPlace.HeldCollection, isSharded: false, cancellation);
            await store._talk.MakeAsync(BlockDocuments.Blocks, isSharded: true, cancellation);
            await store._talk.MakeAsync(BlockDocuments.Parts, isSharded: true, cancellation);
            store._session = await StoreSession.OpenAsync(
                store._place,
                options.Sharing,
                store.Holds,
                new SessionCalls((_, _, stopping) => store.SettleAsync(stopping)),
                cancellation
            );
            return store;
        }
        catch
        {
            await store._writes.DisposeAsync();
            await store._lookups.DisposeAsync();
            throw;
        }
    }

    public ValueTask<PutResult> PutAsync(ReadOnlyMemory<byte> raw, CancellationToken cancellation = default) =>
        PutAsync(raw, BlockSealer.Plain, cancellation);

    public async ValueTask<PutResult> PutAsync(
        ReadOnlyMemory<byte> raw,
        BlockSealer sealer,
        CancellationToken cancellation = default
    )
    {
        cancellation.ThrowIfCancellationRequested();
        ThrowIfUnusable();
        if (raw.Length is 0 or > IBlockStore.MaxRawLength)
        {
            throw BlockstoreErrors.BadLength(raw.Length);
        }

        var id = sealer.IdOf(raw.Span);
        return await _puts.RunAsync(id, () => PutOnceAsync(id, raw, sealer), cancellation);
    }

    public async Task FlushAsync(CancellationToken cancellation = default)
    {
        ThrowIfUnusable();
        await SettleAsync(cancellation);
        // And it was still held then: nobody has gone on without this process.
        await _session.ConfirmAsync(cancellation);
    }

    public async ValueTask<bool> ContainsAsync(BlockId id, CancellationToken cancellation = default)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        return _writes.Find(id) is not null
            || await _lookups.FindAsync(id, cancellation) is { IsComplete: true }
            // Acknowledged since the first look.
            || _known.Find(id, 0, _session.Damages) is not null;
    }

    public async ValueTask<IMemoryOwner<byte>> GetAsync(BlockId id, CancellationToken cancellation = default)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        cancellation.ThrowIfCancellationRequested();
        if (_writes.Find(id)?.TryRead(_options.Keys) is { } pending)
        {
            return pending;
        }

        try
        {
            return await _reads.ReadAsync(id, cancellation);
        }
        catch (BackupException failure) when (failure.Number is BlockstoreErrors.BlockDamaged)
        {
            await TellDamageAsync([id], isDamaged: true, cancellation);
            throw;
        }
        catch (BackupException failure) when (failure.Number is BlockstoreErrors.BlockMissing)
        {
            _known.Forget(id);
            // Where others went on without this process, what it held may be gone, and that is what it is to be told.
            await _session.ConfirmAsync(cancellation);
            throw;
        }
    }

    public async IAsyncEnumerable<StoredBlock> ListAsync(
        [EnumeratorCancellation] CancellationToken cancellation = default
    )
    {
        ThrowIfUnusable();
        await SettleAsync(cancellation);
        await foreach (var sight in _reads.SightsAsync(cancellation))
        {
            if (sight is { IsComplete: true, RawLength: > 0 })
            {
                yield return new StoredBlock(sight.Id, sight.RawLength, sight.StoredLength);
            }
        }
    }

    public Task<StoreCheck> CheckAsync(Action<StoreFinding> found, CancellationToken cancellation = default) =>
        CheckAsync(found, new CheckOptions(), progress: null, cancellation);

    /// <inheritdoc/>
    /// <remarks>A part of the blocks is a range of ids, from another one on each time; of the others their documents are looked at without their data.</remarks>
    public async Task<StoreCheck> CheckAsync(
        Action<StoreFinding> found,
        CheckOptions options,
        Action<double, long>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ThrowIfUnusable();
        await SettleAsync(cancellation);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _closing.Token);
        var checker = new MongoStoreChecker(_reads, TellDamageAsync, found, _writes.Total.Blocks);
        return await checker.CheckAsync(options, progress, either.Token);
    }

    public async Task<GroomReport> GroomAsync(
        IBlockRoots roots,
        GroomOptions? options = null,
        IProgress<GroomProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ThrowIfUnusable();
        if (!await _grooming.WaitAsync(TimeSpan.Zero, cancellation))
        {
            throw BlockstoreErrors.Grooming(_place.Name);
        }

        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _closing.Token);
            var turn = await GroomTurn.TakeAsync(_place, _session, _options.Sharing, _groomWaiting, either.Token);
            await using (turn)
            {
                var groom = new MongoGroom(
                    new GroomGround(_talk, _reads, _large, _session, SettleAsync, _groomPassed),
                    turn,
                    options ?? new GroomOptions(),
                    progress
                );
                return await groom.RunAsync(roots, either.Token);
            }
        }
        finally
        {
            _grooming.Release();
        }
    }

    /// <summary>Writes what was put, and takes leave of the other processes.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _closing.CancelAsync();
        await _grooming.WaitAsync();
        await _writes.SettleAsync(CancellationToken.None);
        await _session.DisposeAsync();
        await _writes.DisposeAsync();
        await _lookups.DisposeAsync();
        _closing.Dispose();
    }

    Task IDrivenStore.BeatAsync() => _session.BeatAndAnswerAsync();

    async Task IDrivenStore.KillAsync()
    {
        _disposed = 1;
        await _closing.CancelAsync();
        await _session.KillAsync();
        await _writes.DisposeAsync();
        await _lookups.DisposeAsync();
    }

    private async ValueTask<PutResult> PutOnceAsync(BlockId id, ReadOnlyMemory<byte> raw, BlockSealer sealer)
    {
        // Read after the hold of whoever puts began; damages before the block is looked for.
        var epoch = _session.Epoch;
        var damages = _session.Damages;
        if (_writes.Find(id) is { } pending)
        {
            if (pending.Epoch >= epoch)
            {
                return Duplicate(id, pending.StoredLength);
            }

            await pending.Settled;
            ThrowIfUnusable();
        }

        if (_known.Find(id, epoch, damages) is { } known)
        {
            return Duplicate(id, known);
        }

        var there = await _lookups.FindAsync(id, CancellationToken.None);
        if (there is { IsSound: true } found)
        {
            if (found.Epoch < epoch)
            {
                await _writes.AddAsync(PendingBlock.Raised(found, epoch, raw.Span, sealer));
                ThrowIfUnusable();
            }
            else
            {
                _known.Add(id, epoch, damages, found.StoredLength);
            }

            return Duplicate(id, found.StoredLength);
        }

        var stored = BlockCodecs.Encode(sealer, id, raw.Span, _options.ZstdLevel);
        var length = stored.Length;
        var kind =
            length > _options.PartBytes ? PendingKind.InParts
            : there is null ? PendingKind.Insert
            : PendingKind.Replace;
        await _writes.AddAsync(PendingBlock.Encoded(id, epoch, raw.Length, stored, kind, isNew: there is null));
        ThrowIfUnusable();
        Interlocked.Increment(ref _newBlocks);
        Interlocked.Add(ref _newBytes, length);
        return new PutResult(id, length, IsNew: true);
    }

    private PutResult Duplicate(BlockId id, int storedLength)
    {
        Interlocked.Increment(ref _duplicates);
        return new PutResult(id, storedLength, IsNew: false);
    }

    private async Task SettleAsync(CancellationToken cancellation)
    {
        await _writes.SettleAsync(cancellation);
        ThrowIfUnusable();
    }

    /// <summary>Writes down that blocks are damaged, or that they are not any more.</summary>
    private async Task TellDamageAsync(IReadOnlyCollection<BlockId> ids, bool isDamaged, CancellationToken cancellation)
    {
        using var writer = new MongoWire.Bson.BsonWriter();
        foreach (var id in ids)
        {
            _known.Forget(id);
            BlockDocuments.Mark(writer, id, isDamaged);
        }

        await _talk.UpdateAsync(BlockDocuments.Blocks, writer.WrittenMemory, cancellation);
        if (isDamaged)
        {
            await _session.TellDamageAsync(cancellation);
        }
    }

    private void ThrowIfUnusable()
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        _session.ThrowIfLost();
        if (_writes.Failure is { } failure)
        {
            throw BlockstoreErrors.Stopped(_place.Name, failure);
        }
    }
}
