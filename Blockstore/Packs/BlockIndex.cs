using System.Collections.Concurrent;
using System.Numerics;
using System.Runtime.InteropServices;
using FASTER.core;

namespace Backup.Blockstore.Packs;

/// <summary>Where the index says that a block is.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct BlockLocation(int Pack, int StoredLength, long Offset);

/// <summary>
/// Id to place of every published block, in a FASTER key-value store whose log spills to disk. It holds nothing that
/// the packs do not hold: whoever doubts it deletes it and fills it again. Thread-safe.
/// </summary>
internal sealed class BlockIndex : IDisposable
{
    private const int PageBits = 20;
    private const int EntriesPerBucket = 4;
    private const long LeastBuckets = 1 << 14;

    private readonly IDevice _device;
    private readonly FasterKV<BlockId, BlockLocation> _store;
    private readonly ConcurrentBag<Session> _sessions = [];

    private BlockIndex(IDevice device, FasterKV<BlockId, BlockLocation> store)
    {
        _device = device;
        _store = store;
    }

    /// <summary>An index in <paramref name="folder"/> for about that many blocks; more only make it slower.</summary>
    internal static BlockIndex Open(string folder, int memoryBits, long expectedBlocks)
    {
        var device = Devices.CreateLogDevice(Path.Combine(folder, "index.log"), preallocateFile: false);
        try
        {
            var buckets = (long)
                BitOperations.RoundUpToPowerOf2((ulong)Math.Max(LeastBuckets, expectedBlocks / EntriesPerBucket));
            var store = new FasterKV<BlockId, BlockLocation>(
                buckets,
                new LogSettings
                {
                    LogDevice = device,
                    PageSizeBits = PageBits,
                    MemorySizeBits = memoryBits,
                    MutableFraction = 0.5,
                },
                new CheckpointSettings { CheckpointDir = folder, RemoveOutdated = true },
                comparer: new Comparer()
            );
            return new BlockIndex(device, store);
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    internal void Recover(Guid token) => _store.Recover(token);

    /// <summary>Writes everything down so that <see cref="Recover"/> finds it.</summary>
    internal async Task<Guid> CheckpointAsync()
    {
        DropSessions();
        var (success, token) = await _store.TakeFullCheckpointAsync(CheckpointType.FoldOver);
        return success ? token : throw new IOException("the index's checkpoint did not succeed");
    }

    internal bool TryFind(BlockId id, out BlockLocation location)
    {
        var session = Rent();
        try
        {
            var (status, found) = session.Read(id);
            if (status.IsPending)
            {
                session.CompletePendingWithOutputs(out var outputs, wait: true);
                using (outputs)
                {
                    if (!outputs.Next())
                    {
                        throw new IOException("the index did not answer");
                    }

                    status = outputs.Current.Status;
                    found = outputs.Current.Output;
                }
            }

            location = found;
            return status.Found;
        }
        finally
        {
            _sessions.Add(session);
        }
    }

    internal void Set(BlockId id, BlockLocation location)
    {
        var session = Rent();
        try
        {
            session.Upsert(id, location);
        }
        finally
        {
            _sessions.Add(session);
        }
    }

    internal void Remove(BlockId id)
    {
        var session = Rent();
        try
        {
            session.Delete(id);
        }
        finally
        {
            _sessions.Add(session);
        }
    }

    public void Dispose()
    {
        DropSessions();
        _store.Dispose();
        _device.Dispose();
    }

    private Session Rent() =>
        _sessions.TryTake(out var session)
            ? session
            : new Session(
                _store
                    .For(new SimpleFunctions<BlockId, BlockLocation>())
                    .NewSession<SimpleFunctions<BlockId, BlockLocation>>()
            );

    private void DropSessions()
    {
        while (_sessions.TryTake(out var session))
        {
            session.Dispose();
        }
    }

    /// <summary>A session of the store: used by one thread at a time, suspended between two uses.</summary>
    private sealed class Session(
        ClientSession<
            BlockId,
            BlockLocation,
            BlockLocation,
            BlockLocation,
            Empty,
            SimpleFunctions<BlockId, BlockLocation>
        > session
    ) : IDisposable
    {
        internal (Status, BlockLocation) Read(BlockId id) => session.Read(id);

        internal void Upsert(BlockId id, BlockLocation location) => session.Upsert(id, location);

        internal void Delete(BlockId id) => session.Delete(id);

        internal void CompletePendingWithOutputs(
            out CompletedOutputIterator<BlockId, BlockLocation, BlockLocation, BlockLocation, Empty> outputs,
            bool wait
        ) => session.CompletePendingWithOutputs(out outputs, wait);

        public void Dispose() => session.Dispose();
    }

    private sealed class Comparer : IFasterEqualityComparer<BlockId>
    {
        public bool Equals(ref BlockId left, ref BlockId right) => left == right;

        // FASTER's buckets and tags take different bits: a hash is all that it needs.
        public long GetHashCode64(ref BlockId id) =>
            MemoryMarshal.Read<long>(MemoryMarshal.AsBytes(new ReadOnlySpan<BlockId>(in id)));
    }
}
