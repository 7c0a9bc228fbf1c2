using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Backup.Blockstore.Grooming;
using Backup.Blockstore.Sealing;
using Backup.Foundation.Errors;

namespace Backup.Blockstore.Packs;

/// <summary>
/// The embedded block store: packs in a folder, found through an index that is filled again from the packs when need be.
/// Hashing, compression and its verification run on the callers' threads side by side; only the append is serial.
/// </summary>
/// <remarks>
/// Failure policy: after the first failed write or fsync every put and flush is refused with 5005 until the store is opened
/// again. The pack that was being written is given up as a whole; published packs are never changed, and removed by a groom alone (<see cref="PackGroom"/>).
/// </remarks>
public sealed class PackBlockStore : ISealingStore, IGroomable, ICheckable
{
    private readonly PackStoreOptions _options;
    private readonly PackFolder _folder;
    private readonly PackCatalogue _catalogue;
    private readonly ConcurrentDictionary<BlockId, TaskCompletionSource> _writing = new();
    private readonly Lock _appending = new();
    private readonly SemaphoreSlim _turning = new(1, 1);
    private readonly SemaphoreSlim _grooming = new(1, 1);
    private readonly CancellationTokenSource _closing = new();
    private OpenPack? _current;
    private volatile OpenPack? _publishing;
    private Task _published = Task.CompletedTask;
    private volatile Exception? _failure;
    private int _lastPack;
    private int _disposed;
    private long _unpublishedBlocks;
    private long _unpublishedBytes;
    private long _newBlocks;
    private long _newBytes;
    private long _duplicates;

    private PackBlockStore(PackFolder folder, PackStoreOptions options, PackCatalogue catalogue, BlockHolds holds)
    {
        Holds = holds;
        _folder = folder;
        _options = options;
        _catalogue = catalogue;
        _lastPack = catalogue.LastPack;
    }

    /// <summary>A write failed: nothing more is accepted (5005) until the store is opened again.</summary>
    public bool HasStopped => _failure is not null;

    public BlockStoreStatistics Statistics
    {
        get
        {
            return new BlockStoreStatistics(
                _catalogue.Blocks + Interlocked.Read(ref _unpublishedBlocks),
                _catalogue.StoredBytes + Interlocked.Read(ref _unpublishedBytes),
                Interlocked.Read(ref _newBlocks),
                Interlocked.Read(ref _newBytes),
                Interlocked.Read(ref _duplicates)
            );
        }
    }

    public BlockHolds Holds { get; }

    internal string Folder => _folder.Path;

    /// <summary>For tests that kill: called on the groom's thread after each of its steps.</summary>
    internal Action<GroomStep>? GroomPassed { get; set; }

    /// <summary>Opens the store in <paramref name="folder"/>, which is made where it is missing.</summary>
    /// <exception cref="BackupException">5004 where another process has it open, 5008 where a newer release wrote it, 5010 where the folder cannot be used.</exception>
    public static Task<PackBlockStore> OpenAsync(
        string folder,
        PackStoreOptions? options = null,
        CancellationToken cancellation = default
    ) => Task.Run(() => Open(folder, options ?? new PackStoreOptions(), cancellation), cancellation);

    /// <summary>Makes the index of a store that nobody has open anew, of its packs alone. Killed before its end, it is made at the next opening.</summary>
    /// <param name="folder">Of the store.</param>
    /// <param name="progress">Called after each pack: how many are done, of how many.</param>
    /// <param name="cancellation">There is no index then.</param>
    /// <exception cref="BackupException">5004, 5008 and 5010 as of <see cref="OpenAsync"/>; 5080 where its packs cannot be read.</exception>
    public static async Task<IndexRebuild> RebuildIndexAsync(
        string folder,
        Action<int, int>? progress = null,
        CancellationToken cancellation = default
    )
    {
        var rebuild = new IndexRebuild(progress);
        try
        {
            await using var store = await OpenAsync(folder, new PackStoreOptions { Rebuild = rebuild }, cancellation);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw BlockstoreErrors.PackUnreadable(folder, failure);
        }

        return rebuild;
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
        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        while (_writing.GetOrAdd(id, mine) is var first && first != mine)
        {
            // Theirs may have been put before this one's hold began: it is looked for again.
            await first.Task.WaitAsync(cancellation);
        }

        try
        {
            var result = await PutOnceAsync(id, raw, sealer);
            _writing.TryRemove(id, out _);
            mine.SetResult();
            return result;
        }
        catch (Exception failure)
        {
            _writing.TryRemove(id, out _);
            mine.TrySetException(failure);
            // Observed here: perhaps nobody waits for it.
            _ = mine.Task.Exception;
            throw;
        }
    }

    public async Task FlushAsync(CancellationToken cancellation = default)
    {
        ThrowIfUnusable();
        await _turning.WaitAsync(cancellation);
        try
        {
            await TurnAsync(full: null);
            await _published;
        }
        finally
        {
            _turning.Release();
        }
    }

    public ValueTask<bool> ContainsAsync(BlockId id, CancellationToken cancellation = default) =>
        new(TryFindOpen(id, out _, out _) || _catalogue.TryFind(id, out _));

    public async ValueTask<IMemoryOwner<byte>> GetAsync(BlockId id, CancellationToken cancellation = default)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        cancellation.ThrowIfCancellationRequested();
        if (TryFindOpen(id, out var pack, out var entry))
        {
            using var stored = pack.Read(entry);
            if (stored is not null)
            {
                var where = $"open pack {pack.Number:x8}, offset {entry.Offset}";
                return BlockCodecs.Decode(_options.Keys, id, stored.Span, where);
            }

            // It was published between the two lines: from now on the index knows it.
            await _published.WaitAsync(cancellation);
        }

        return _catalogue.Read(id);
    }

    public async IAsyncEnumerable<StoredBlock> ListAsync(
        [EnumeratorCancellation] CancellationToken cancellation = default
    )
    {
        await FlushAsync(cancellation);
        foreach (var block in _catalogue.List(cancellation))
        {
            yield return block;
        }
    }

    public Task<StoreCheck> CheckAsync(Action<StoreFinding> found, CancellationToken cancellation = default) =>
        CheckAsync(found, new CheckOptions(), progress: null, cancellation);

    public async Task<StoreCheck> CheckAsync(
        Action<StoreFinding> found,
        CheckOptions options,
        Action<double, long>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _closing.Token);
        await _grooming.WaitAsync(either.Token);
        try
        {
            var checker = new StoreChecker(_catalogue, _folder, _options.Keys, found);
            return await Task.Run(() => checker.Check(options, progress, either.Token), either.Token);
        }
        finally
        {
            _grooming.Release();
        }
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
            throw BlockstoreErrors.Grooming(_folder.Path);
        }

        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _closing.Token);
            var groom = new PackGroom(
                _catalogue,
                Holds,
                new GroomRoom(
                    _folder.Packs,
                    _options.PackBytes,
                    NewPack,
                    id => TryFindOpen(id, out _, out _),
                    ThrowIfUnusable,
                    step => GroomPassed?.Invoke(step)
                ),
                options ?? new GroomOptions(),
                progress
            );
            return await Task.Run(() => groom.RunAsync(roots, either.Token), either.Token);
        }
        finally
        {
            _grooming.Release();
        }
    }

    /// <summary>Publishes what was put and writes the index down.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _closing.CancelAsync();
        await _grooming.WaitAsync();
        await _turning.WaitAsync();
        try
        {
            if (_failure is null)
            {
                await TurnAsync(full: null);
                await _published;
            }
        }
        finally
        {
            try
            {
                _current?.Dispose();
                _catalogue.Close();
            }
            finally
            {
                // On a full disk, too, the folder is another's to open.
                _folder.Dispose();
            }
        }
    }

    private static PackBlockStore Open(string path, PackStoreOptions options, CancellationToken cancellation)
    {
        var folder = new PackFolder(path);
        try
        {
            var holds = new BlockHolds();
            return new PackBlockStore(folder, options, PackCatalogue.Open(folder, options, holds, cancellation), holds);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            folder.Dispose();
            throw BlockstoreErrors.Unusable(path, failure);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    private async ValueTask<PutResult> PutOnceAsync(BlockId id, ReadOnlyMemory<byte> raw, BlockSealer sealer)
    {
        if (Claim(id) is { } known)
        {
            Interlocked.Increment(ref _duplicates);
            return new PutResult(id, known.StoredLength, IsNew: false);
        }

        OpenPack? full;
        int length;
        using (var stored = BlockCodecs.Encode(sealer, id, raw.Span, _options.ZstdLevel))
        {
            length = stored.Memory.Length;
            full = Append(id, stored.Span, raw.Length);
        }

        Interlocked.Increment(ref _newBlocks);
        Interlocked.Add(ref _newBytes, length);
        if (full is not null)
        {
            await _turning.WaitAsync();
            try
            {
                await TurnAsync(full);
            }
            finally
            {
                _turning.Release();
            }
        }

        return new PutResult(id, length, IsNew: true);
    }

    /// <summary>Where it stands already, and stays; null where it must be written.</summary>
    private PlacedBlock? Claim(BlockId id)
    {
        var place = Place(id);
        while (place is { } found)
        {
            if (!_catalogue.TryClaim(found))
            {
                return null;
            }

            // It may have been moved between the two looks.
            place = Place(id);
            if (place == found)
            {
                return found;
            }
        }

        return null;
    }

    private PlacedBlock? Place(BlockId id) =>
        TryFindOpen(id, out var pack, out var entry)
            ? new PlacedBlock(pack.State, entry.Offset, entry.StoredLength)
            : _catalogue.Place(id);

    /// <returns>The pack, where it has just become full.</returns>
    private OpenPack? Append(BlockId id, ReadOnlySpan<byte> stored, int rawLength)
    {
        lock (_appending)
        {
            ThrowIfUnusable();
            try
            {
                _current ??= NewPack();
                _current.Append(id, stored, rawLength);
                _current.State.Touch(Holds.Clock);
                Interlocked.Increment(ref _unpublishedBlocks);
                Interlocked.Add(ref _unpublishedBytes, stored.Length);
                return _current.Length >= _options.PackBytes ? _current : null;
            }
            catch (Exception failure)
            {
                _failure = failure;
                throw;
            }
        }
    }

    // A number is never given twice while the store is open: whoever still has an old place of a block finds no other in it.
    private OpenPack NewPack()
    {
        var number = Interlocked.Increment(ref _lastPack);
        return new OpenPack(number, _folder.PathOf(number));
    }

    // Puts the current pack aside and publishes it beside further appends; at most one is being published at a time, so
    // that writers cannot run away from the disk. Called with _turning held.
    private async Task TurnAsync(OpenPack? full)
    {
        await _published;
        lock (_appending)
        {
            ThrowIfFailed();
            if (_current is null || (full is not null && _current != full))
            {
                return;
            }

            _publishing = _current;
            _current = null;
        }

        _published = Task.Run(() => Publish(_publishing));
    }

    private void Publish(OpenPack pack)
    {
        try
        {
            pack.Publish();
            _catalogue.Add(pack);
            Interlocked.Add(ref _unpublishedBlocks, -pack.Entries.Count);
            Interlocked.Add(ref _unpublishedBytes, -pack.Entries.Sum(static entry => (long)entry.StoredLength));
            _publishing = null;
        }
        catch (Exception failure)
        {
            _failure = failure;
            pack.Dispose();
            throw;
        }
    }

    private bool TryFindOpen(BlockId id, out OpenPack pack, out PackEntry entry)
    {
        // In this order: a block moves from the current pack to the one being published, and from there to the index.
        foreach (var open in (ReadOnlySpan<OpenPack?>)[Volatile.Read(ref _current), _publishing])
        {
            if (open is not null && open.TryFind(id, out entry))
            {
                pack = open;
                return true;
            }
        }

        (pack, entry) = (null!, default);
        return false;
    }

    private void ThrowIfUnusable()
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        ThrowIfFailed();
    }

    private void ThrowIfFailed()
    {
        if (_failure is { } failure)
        {
            throw BlockstoreErrors.Stopped(_folder.Path, failure);
        }
    }
}
