using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Backup.Blockstore.Grooming;
using Backup.Blockstore.Sealing;
using Backup.Foundation.Compression;
using Backup.Foundation.Files;
using Backup.Foundation.Secrets;

namespace Backup.Blockstore;

/// <summary>
/// A store for one piece of work over another store that is only read: what is put goes to a temporary file, which is there from the first
/// put on and goes when this is disposed. A killed process leaves the file under <see cref="DurableFile.TemporarySuffix"/>, to be removed at
/// the next start. Nothing is ever durable, so <see cref="FlushAsync"/> does nothing. In memory there are about 100 bytes for
/// each block that was put. What stands in the file is sealed under a key that is in this object alone: nobody reads it after it.
/// </summary>
/// <param name="below">Blocks that were not put here are read from it; not disposed.</param>
/// <param name="folder">Where the file goes; must exist, for its owner alone.</param>
public sealed class ScratchBlockStore(IBlockStore below, string folder) : IBlockStore
{
    // It is written once and read once or twice: speed counts, not density.
    private const int Level = 1;

    private readonly ConcurrentDictionary<BlockId, Place> _places = new();
    private readonly SealingKey _key = NewKey();
    private readonly Lock _appending = new();
    private PendingFile? _file;
    private long _duplicates;

    /// <summary>Without what sealing adds as long as it is raw: not compressed.</summary>
    private readonly record struct Place(long Offset, int StoredLength, int RawLength)
    {
        internal int ContentLength => StoredLength - SealingKey.Overhead;
    }

    /// <summary>Of what was put here alone, which nobody grooms; what is read from below is held by whoever works here.</summary>
    public BlockHolds Holds { get; } = new();

    /// <summary>Of what was put here alone.</summary>
    public BlockStoreStatistics Statistics
    {
        get
        {
            var stored = _file?.Length ?? 0;
            return new(_places.Count, stored, _places.Count, stored, Interlocked.Read(ref _duplicates));
        }
    }

    public ValueTask<PutResult> PutAsync(ReadOnlyMemory<byte> raw, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        if (raw.Length is 0 or > IBlockStore.MaxRawLength)
        {
            throw BlockstoreErrors.BadLength(raw.Length);
        }

        var id = BlockId.Of(raw.Span);
        if (_places.TryGetValue(id, out var known))
        {
            return new(Duplicate(id, known));
        }

        using var frame = new PooledBytes(SealingKey.Overhead + Zstd.MaxCompressedLength(raw.Length));
        var content = frame.Span[SealingKey.Overhead..];
        var length = Zstd.Compress(raw.Span, content, Level);
        if (length >= raw.Length)
        {
            length = raw.Length;
            raw.Span.CopyTo(content);
        }

        frame.Shorten(SealingKey.Overhead + length);
        var stored = frame.Span;
        _key.Seal(stored, id.ToArray());
        lock (_appending)
        {
            // Another thread may have put the same content meanwhile.
            return new(
                _places.TryGetValue(id, out known)
                    ? Duplicate(id, known)
                    : new PutResult(id, Append(id, stored, raw.Length).StoredLength, IsNew: true)
            );
        }
    }

    public Task FlushAsync(CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        return Task.CompletedTask;
    }

    public async ValueTask<bool> ContainsAsync(BlockId id, CancellationToken cancellation = default) =>
        _places.ContainsKey(id) || await below.ContainsAsync(id, cancellation);

    public ValueTask<IMemoryOwner<byte>> GetAsync(BlockId id, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        return _places.TryGetValue(id, out var place) ? new(Read(id, place)) : below.GetAsync(id, cancellation);
    }

    public async IAsyncEnumerable<StoredBlock> ListAsync(
        [EnumeratorCancellation] CancellationToken cancellation = default
    )
    {
        foreach (var (id, place) in _places)
        {
            yield return new StoredBlock(id, place.RawLength, place.StoredLength);
        }

        await foreach (var block in below.ListAsync(cancellation))
        {
            if (!_places.ContainsKey(block.Id))
            {
                yield return block;
            }
        }
    }

    /// <summary>Of what was put here alone: the store below is checked by whom it belongs to.</summary>
    public Task<StoreCheck> CheckAsync(Action<StoreFinding> found, CancellationToken cancellation = default)
    {
        var (blocks, bytes, findings) = (0L, 0L, 0L);
        foreach (var (id, place) in _places)
        {
            cancellation.ThrowIfCancellationRequested();
            blocks++;
            bytes += place.StoredLength;
            try
            {
                Read(id, place).Dispose();
            }
            catch (Foundation.Errors.BackupException damaged)
            {
                findings++;
                found(new StoreFinding(id, "temporary file", place.Offset, damaged.Message));
            }
        }

        return Task.FromResult(new StoreCheck(blocks, bytes, findings));
    }

    public ValueTask DisposeAsync()
    {
        try
        {
            _file?.Dispose();
        }
        catch (DirectoryNotFoundException)
        {
            // The whole folder is gone already: a start removed it as a leftover.
        }

        _file = null;
        _places.Clear();
        _key.Forget();
        return ValueTask.CompletedTask;
    }

    private PutResult Duplicate(BlockId id, Place known)
    {
        Interlocked.Increment(ref _duplicates);
        return new PutResult(id, known.StoredLength, IsNew: false);
    }

    private static SealingKey NewKey()
    {
        Span<byte> secret = stackalloc byte[Xaes256Gcm.KeyLength];
        RandomNumberGenerator.Fill(secret);
        var key = new SealingKey(KeyId.New(), "temporary file", 1, secret, secret);
        CryptographicOperations.ZeroMemory(secret);
        return key;
    }

    private Place Append(BlockId id, ReadOnlySpan<byte> stored, int rawLength)
    {
        _file ??= DurableFile.Create(Path.Combine(folder, "blocks"));
        var place = new Place(_file.Length, stored.Length, rawLength);
        _file.Append(stored);
        return _places[id] = place;
    }

    private PooledBytes Read(BlockId id, Place place)
    {
        var raw = new PooledBytes(place.RawLength);
        try
        {
            using var frame = new PooledBytes(place.StoredLength);
            _file!.Read(place.Offset, frame.Span);
            using var content = new PooledBytes(place.ContentLength);
            if (!_key.TryOpen(frame.Span, content.Span, id.ToArray()))
            {
                throw BlockstoreErrors.Damaged(id, "temporary file", "it does not open");
            }

            if (place.ContentLength == place.RawLength)
            {
                content.Span.CopyTo(raw.Span);
            }
            else
            {
                Zstd.Decompress(content.Span, raw.Span);
            }

            return BlockId.Of(raw.Span) == id
                ? raw
                : throw BlockstoreErrors.Damaged(id, "temporary file", "its content has another hash");
        }
        catch (Exception failure) when (failure is IOException or Foundation.Errors.BackupException)
        {
            raw.Dispose();
            throw failure is Foundation.Errors.BackupException { Number: BlockstoreErrors.BlockDamaged }
                ? failure
                : BlockstoreErrors.Damaged(id, "temporary file", failure.Message, failure);
        }
    }
}
