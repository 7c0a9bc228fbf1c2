using System.Buffers;
using System.Runtime.CompilerServices;
using Backup.Blockstore.Grooming;
using Backup.Blockstore.Packs;
using Backup.Blockstore.Sealing;
using Backup.Blockstore.Shared;
using Backup.Foundation.Errors;

namespace Backup.Blockstore.S3;

/// <summary>
/// Blocks in a bucket of any service that speaks S3 and has conditional writes (<c>If-None-Match: *</c>) and lists that show what was written: packs as
/// objects, each with its list of blocks beside it. Any number of processes use the same bucket at the same time, and any of them grooms.
/// </summary>
/// <remarks>
/// <para>
/// Failure policy: what the service refuses for a while is tried again for <see cref="S3StoreOptions.GiveUpAfter"/>; after that every put and flush is
/// refused with 5005 until the store is opened again. Where others went on without this process, it is refused with 5060.
/// </para>
/// <para>
/// Why no block is lost that any process needs: docs/decisions/0014-several-processes-share-a-store.md. A pack carries the newest epoch under which a
/// block of it was put; what work relies on in older ones its session tells a groom (<see cref="PackReuse"/>).
/// </para>
/// </remarks>
public sealed class S3BlockStore : ISealingStore, IGroomable, ICheckable, ISharedStore, IDrivenStore
{
    private readonly S3StoreOptions _options;
    private readonly IBlobs _blobs;
    private readonly S3SharedPlace _place;
    private readonly S3Index _index;
    private readonly S3GroomWitness _witness;
    private readonly S3BlockReads _reads;
    private readonly PutTurns _puts = new();
    private readonly Lock _appending = new();
    private readonly SemaphoreSlim _turning = new(1, 1);
    private readonly SemaphoreSlim _grooming = new(1, 1);
    private readonly CancellationTokenSource _closing = new();
    private Func<SharedGroomStep, Task>? _groomPassed;
    private Func<Task>? _groomWaiting;
    private StoreSession _session = null!;
    private volatile S3OpenPack? _current;
    private volatile S3OpenPack? _publishing;
    private Task _published = Task.CompletedTask;
    private volatile Exception? _failure;
    private int _disposed;
    private long _newBlocks;
    private long _newBytes;
    private long _duplicates;

    private S3BlockStore(IBlobs blobs, S3StoreOptions options)
    {
        _options = options;
        _blobs = blobs;
        _place = new S3SharedPlace(blobs);
        _index = new S3Index(blobs);
        _witness = new S3GroomWitness(blobs, _index, _closing.Token);
        _reads = new S3BlockReads(blobs, _index, options.Keys);
    }

    public bool HasStopped => _failure is not null || _session.IsLost;

    public Guid Session => _session.Id;

    public BlockHolds Holds { get; } = new();

    /// <summary>Of what the store holds: what this process knows of.</summary>
    public BlockStoreStatistics Statistics
    {
        get
        {
            lock (_appending)
            {
                var (blocks, bytes) = _index.Count;
                foreach (var open in (ReadOnlySpan<S3OpenPack?>)[_current, _publishing])
                {
                    blocks += open?.Count.Blocks ?? 0;
                    bytes += open?.Count.Bytes ?? 0;
                }

                return new BlockStoreStatistics(
                    blocks,
                    bytes,
                    Interlocked.Read(ref _newBlocks),
                    Interlocked.Read(ref _newBytes),
                    Interlocked.Read(ref _duplicates)
                );
            }
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

    /// <summary>Opens the store in a bucket that is there; reads the lists of all its packs.</summary>
    /// <exception cref="BackupException">5008 where a newer release wrote it, 5061 where the service refuses or cannot be reached.</exception>
    public static Task<S3BlockStore> OpenAsync(S3StoreOptions options, CancellationToken cancellation = default) =>
        OpenAsync(new S3Blobs(options), options, cancellation);

    /// <param name="blobs">The store's from now on.</param>
    internal static async Task<S3BlockStore> OpenAsync(
        IBlobs blobs,
        S3StoreOptions options,
        CancellationToken cancellation
    )
    {
        var store = new S3BlockStore(blobs, options);
        try
        {
            // Joined first: whatever is given up from then on, this process is asked or told.
            store._session = await StoreSession.OpenAsync(
                store._place,
                options.Sharing,
                store.Holds,
                new SessionCalls(store.SettleForGroomAsync, state => store._witness.Seen(state, store._session)),
                cancellation
            );
            await store._witness.LearnCondemnedAsync(store._session.State.Latest!, cancellation);
            await store._index.RefreshAsync(cancellation);
            return store;
        }
        catch
        {
            (blobs as IDisposable)?.Dispose();
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
        if (IsOpen(id) || _index.Find(id) is not null)
        {
            return true;
        }

        await _index.RefreshAsync(cancellation);
        return IsOpen(id) || _index.Find(id) is not null;
    }

    public async ValueTask<IMemoryOwner<byte>> GetAsync(BlockId id, CancellationToken cancellation = default)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        cancellation.ThrowIfCancellationRequested();
        foreach (var open in new[] { _current, _publishing })
        {
            using var stored = open?.Read(id);
            if (stored is not null)
            {
                return BlockCodecs.Decode(_options.Keys, id, stored.Span, "pack that is not published yet");
            }
        }

        // Another process may have put it, or a groom have moved it, since this one has looked.
        var raw = await _reads.ReadAsync(id, isFresh: false, cancellation);
        if (raw is null)
        {
            await _index.RefreshAsync(cancellation);
            raw = await _reads.ReadAsync(id, isFresh: true, cancellation);
        }

        if (raw is null)
        {
            // Where others went on without this process, what it held may be gone, and that is what it is to be told.
            await _session.ConfirmAsync(cancellation);
        }

        return raw ?? throw BlockstoreErrors.NoBlock(id);
    }

    public async IAsyncEnumerable<StoredBlock> ListAsync(
        [EnumeratorCancellation] CancellationToken cancellation = default
    )
    {
        ThrowIfUnusable();
        await SettleAsync(cancellation);
        await _index.RefreshAsync(cancellation);
        foreach (var (id, place) in _index.All())
        {
            yield return new StoredBlock(id, place.RawLength, place.StoredLength);
        }
    }

    public Task<StoreCheck> CheckAsync(Action<StoreFinding> found, CancellationToken cancellation = default) =>
        CheckAsync(found, new CheckOptions(), progress: null, cancellation);

    /// <inheritdoc/>
    /// <remarks>A part of the packs is another one each time; of the others their lists are looked at alone.</remarks>
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
        await _index.RefreshAsync(either.Token);
        return await new S3StoreChecker(_blobs, _index, _options.Keys, found).CheckAsync(
            options,
            progress,
            either.Token
        );
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
            GroomReport report;
            await using (turn)
            {
                var ground = new S3GroomGround(_blobs, _index, _session, _options.PackBytes, SettleAsync, _groomPassed);
                var groom = new S3Groom(ground, turn, options ?? new GroomOptions(), progress);
                report = await groom.RunAsync(roots, either.Token);
            }

            await _session.ConfirmAsync(either.Token);
            await _witness.Reopening.WaitAsync(either.Token);
            return report;
        }
        finally
        {
            _grooming.Release();
        }
    }

    /// <summary>Publishes what was put, and takes leave of the other processes.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _closing.CancelAsync();
        await _grooming.WaitAsync();
        try
        {
            if (_failure is null && !_session.IsLost)
            {
                await TurnAllAsync(CancellationToken.None);
            }
        }
        finally
        {
            await _session.DisposeAsync();
            await CloseAsync();
        }
    }

    Task IDrivenStore.BeatAsync() => BeatAsync();

    async Task IDrivenStore.KillAsync()
    {
        _disposed = 1;
        _failure = new ObjectDisposedException(nameof(S3BlockStore));
        await _closing.CancelAsync();
        await _session.KillAsync();
        await CloseAsync();
    }

    private async Task BeatAsync()
    {
        await _session.BeatAndAnswerAsync();
        await _witness.Reopening;
    }

    private async Task CloseAsync()
    {
        await _turning.WaitAsync();
        await Task.WhenAny(_published);
        await _witness.Reopening;
        _current?.Dispose();
        _index.Dispose();
        (_blobs as IDisposable)?.Dispose();
    }

    private async ValueTask<PutResult> PutOnceAsync(BlockId id, ReadOnlyMemory<byte> raw, BlockSealer sealer)
    {
        // Read after the hold of whoever puts began.
        var epoch = _session.Epoch;
        for (var known = Known(id, epoch, out var isBeingPublished); ; known = Known(id, epoch, out isBeingPublished))
        {
            if (known is { } there)
            {
                Interlocked.Increment(ref _duplicates);
                return new PutResult(id, there, IsNew: false);
            }

            if (!isBeingPublished)
            {
                break;
            }

            // Its epoch does not change any more; published it is claimed as any other.
            await Task.WhenAny(_published);
            ThrowIfUnusable();
        }

        int length;
        S3OpenPack? full;
        using (var stored = BlockCodecs.Encode(sealer, id, raw.Span, _options.ZstdLevel))
        {
            length = stored.Length;
            full = Append(id, stored.Span, raw.Length, epoch);
        }

        Interlocked.Increment(ref _newBlocks);
        Interlocked.Add(ref _newBytes, length);
        if (full is not null)
        {
            await TurnAsync(full, CancellationToken.None);
        }

        return new PutResult(id, length, IsNew: true);
    }

    /// <summary>The stored length of a block that is there, and stays; null where it must be written, or is just being published.</summary>
    private int? Known(BlockId id, long epoch, out bool isBeingPublished)
    {
        // A block moves from the current pack to the one being published, and from there to the index, under this lock.
        lock (_appending)
        {
            isBeingPublished = _publishing?.Has(id) == true;
            return isBeingPublished ? null : _current?.TryTouch(id, epoch) ?? _witness.Claim(id, epoch)?.StoredLength;
        }
    }

    /// <returns>The pack, where it has just become full.</returns>
    private S3OpenPack? Append(BlockId id, ReadOnlySpan<byte> stored, int rawLength, long epoch)
    {
        lock (_appending)
        {
            ThrowIfUnusable();
            var pack = _current ??= new S3OpenPack(_options.PackBytes);
            pack.Append(id, stored, rawLength, epoch);
            return pack.Length >= _options.PackBytes ? pack : null;
        }
    }

    private async Task SettleAsync(CancellationToken cancellation)
    {
        await TurnAllAsync(cancellation);
        ThrowIfUnusable();
    }

    private async Task TurnAllAsync(CancellationToken cancellation)
    {
        await TurnAsync(full: null, cancellation);
        await _published.WaitAsync(cancellation);
    }

    /// <summary>Puts the current pack aside and publishes it beside further appends; one at a time, so that writers cannot run away from the network.</summary>
    private async Task TurnAsync(S3OpenPack? full, CancellationToken cancellation)
    {
        await _turning.WaitAsync(cancellation);
        try
        {
            await _published.WaitAsync(cancellation);
            lock (_appending)
            {
                if (_current is null || (full is not null && _current != full))
                {
                    return;
                }

                _current.Seal();
                _publishing = _current;
                _current = null;
                _published = Task.Run(() => PublishAsync(_publishing), CancellationToken.None);
            }
        }
        finally
        {
            _turning.Release();
        }
    }

    private async Task PublishAsync(S3OpenPack pack)
    {
        try
        {
            var (published, entries) =
                await pack.PublishAsync(_blobs, CancellationToken.None)
                ?? throw BlockstoreErrors.SessionLost(_place.Name);
            lock (_appending)
            {
                _index.Add(published, entries);
                _publishing = null;
            }
        }
        catch (Exception failure)
        {
            _failure ??= failure;
            throw BlockstoreErrors.Stopped(_place.Name, failure);
        }
        finally
        {
            pack.Dispose();
        }
    }

    private bool IsOpen(BlockId id) => _current?.Has(id) == true || _publishing?.Has(id) == true;

    /// <summary>What a groom must find: everything that was put; and, the second time, what is relied on in packs that it may give up.</summary>
    private async Task SettleForGroomAsync(SessionAnswer answer, StoreSession session, CancellationToken stopping)
    {
        var writeDown = _witness.Answer(answer, session);
        await SettleAsync(stopping);
        await writeDown(stopping);
    }

    private void ThrowIfUnusable()
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        _session.ThrowIfLost();
        if (_failure is { } failure)
        {
            throw BlockstoreErrors.Stopped(_place.Name, failure);
        }
    }
}
