using Backup.Blockstore.Packs;

namespace Backup.Blockstore.S3;

/// <summary>
/// Which block stands in which pack, as this process knows it: read off the lists of all packs, and looked at again when a block is not where it was. About
/// 150 bytes a block. Thread-safe.
/// </summary>
internal sealed class S3Index(IBlobs blobs) : IDisposable
{
    private const string Damages = "damaged/";
    private const int ReadAtOnce = 16;

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _refreshing = new(1, 1);
    private readonly Dictionary<BlockId, S3Location> _places = [];

    // Further copies of blocks: few.
    private readonly Dictionary<BlockId, List<S3Location>> _others = [];
    private readonly Dictionary<string, S3Pack> _packs = new(StringComparer.Ordinal);
    private readonly HashSet<string> _condemned = new(StringComparer.Ordinal);
    private readonly HashSet<string> _damaged = new(StringComparer.Ordinal);
    private List<S3Pack> _gone = [];
    private long _bytes;

    /// <summary>Blocks, and the bytes that one copy of each takes.</summary>
    internal (long Blocks, long Bytes) Count
    {
        get
        {
            lock (_gate)
            {
                return (_places.Count, _bytes);
            }
        }
    }

    internal List<S3Pack> Packs
    {
        get
        {
            lock (_gate)
            {
                return [.. _packs.Values];
            }
        }
    }

    /// <summary>
    /// Listed, and not there: lost, or removed by a groom while whoever published it asked, for want of a reply, for its list to be made once more. What only they
    /// hold is not there, and is written anew by the next put.
    /// </summary>
    internal List<S3Pack> Gone
    {
        get
        {
            lock (_gate)
            {
                return [.. _gone];
            }
        }
    }

    /// <summary>Every place of a block, the copy that counts first.</summary>
    internal List<S3Location> PlacesOf(BlockId id)
    {
        lock (_gate)
        {
            return !_places.TryGetValue(id, out var place) ? []
                : _others.TryGetValue(id, out var others) ? [place, .. others]
                : [place];
        }
    }

    /// <summary>Where the copy that counts stands.</summary>
    internal S3Location? Find(BlockId id)
    {
        lock (_gate)
        {
            return _places.TryGetValue(id, out var place) ? place : null;
        }
    }

    /// <summary>All blocks, each in the place that counts.</summary>
    internal List<(BlockId Id, S3Location Place)> All()
    {
        lock (_gate)
        {
            return [.. _places.Select(static one => (one.Key, one.Value))];
        }
    }

    /// <summary>Whether the block was read damaged there, or an earlier release found its pack gone.</summary>
    internal bool IsDamaged(BlockId id, S3Pack pack)
    {
        lock (_gate)
        {
            return IsDamagedHeld(id, pack);
        }
    }

    /// <summary>A pack that was published.</summary>
    internal void Add(S3Pack pack, IReadOnlyList<PackEntry> entries)
    {
        lock (_gate)
        {
            if (_condemned.Contains(pack.Name) || !_packs.TryAdd(pack.Name, pack))
            {
                return;
            }

            foreach (var entry in entries)
            {
                Add(entry.Id, new S3Location(pack, (int)entry.Offset, entry.StoredLength, entry.RawLength));
            }
        }
    }

    /// <summary>Packs that nobody uses any more, by name: whatever is listed, they are not looked at again.</summary>
    internal void Condemn(IEnumerable<string> packs)
    {
        lock (_gate)
        {
            _condemned.UnionWith(packs);
        }
    }

    /// <summary>Writes down that a block is damaged where it stands.</summary>
    internal async Task TellDamageAsync(BlockId id, S3Pack pack, CancellationToken cancellation)
    {
        var name = NameOf(id, pack);
        lock (_gate)
        {
            if (!_damaged.Add(name))
            {
                return;
            }

            if (_places.ContainsKey(id))
            {
                Prefer(id);
            }
        }

        await blobs.PutAsync(Damages + name, ReadOnlyMemory<byte>.Empty, cancellation);
    }

    /// <summary>It was read well.</summary>
    internal async Task ForgetDamageAsync(BlockId? id, S3Pack pack, CancellationToken cancellation)
    {
        var name = NameOf(id, pack);
        lock (_gate)
        {
            if (!_damaged.Remove(name))
            {
                return;
            }
        }

        await blobs.DeleteAsync([Damages + name], cancellation);
    }

    /// <summary>Looks which packs there are: knows the new ones when it is back, and the ones that are gone no more.</summary>
    internal async Task RefreshAsync(CancellationToken cancellation)
    {
        await _refreshing.WaitAsync(cancellation);
        try
        {
            var damaged = new HashSet<string>(StringComparer.Ordinal);
            await foreach (var one in blobs.ListAsync(Damages, int.MaxValue, cancellation))
            {
                damaged.Add(one.Key[Damages.Length..]);
            }

            var listed = new Dictionary<string, S3Pack>(StringComparer.Ordinal);
            await foreach (var one in blobs.ListAsync(S3Pack.Lists, int.MaxValue, cancellation))
            {
                if (one.Length != S3Pack.Void.Length && S3Pack.Of(one.Key) is { } pack)
                {
                    listed.TryAdd(pack.Name, pack);
                }
            }

            // After the lists: a pack is there before its list, and is removed after it.
            var there = new HashSet<string>(StringComparer.Ordinal);
            await foreach (var one in blobs.ListAsync(S3Pack.Packs, int.MaxValue, cancellation))
            {
                there.Add(one.Key[S3Pack.Packs.Length..]);
            }

            var gone = listed.Values.Where(pack => !there.Contains(pack.Name)).ToList();
            gone.ForEach(pack => listed.Remove(pack.Name));
            List<S3Pack> added;
            lock (_gate)
            {
                _gone = gone;
                _damaged.UnionWith(damaged);
                Remove(_packs.Values.Where(pack => !listed.ContainsKey(pack.Name) || _condemned.Contains(pack.Name)));
                added =
                [
                    .. listed.Values.Where(pack => !_packs.ContainsKey(pack.Name) && !_condemned.Contains(pack.Name)),
                ];
            }

            await Parallel.ForEachAsync(
                added,
                new ParallelOptions { MaxDegreeOfParallelism = ReadAtOnce, CancellationToken = cancellation },
                async (pack, stopping) =>
                {
                    if (await EntriesAsync(pack, stopping) is { } entries)
                    {
                        Add(pack, entries);
                    }
                }
            );
        }
        finally
        {
            _refreshing.Release();
        }
    }

    /// <summary>The blocks of a pack, from its list, or from itself where the list is damaged; null where neither is there.</summary>
    internal async Task<List<PackEntry>?> EntriesAsync(S3Pack pack, CancellationToken cancellation)
    {
        using (var list = await blobs.GetAsync(pack.ListKey, cancellation))
        {
            if (list is null)
            {
                return null;
            }

            if (S3PackBytes.FromList(list.Span) is { } entries)
            {
                return entries;
            }
        }

        using var whole = await blobs.GetAsync(pack.Key, cancellation);
        return whole is null ? null : S3PackBytes.FromPack(whole.Span);
    }

    public void Dispose() => _refreshing.Dispose();

    private static string NameOf(BlockId? id, S3Pack pack) => id is { } one ? $"{pack.Name}.{one}" : pack.Name;

    private bool IsDamagedHeld(BlockId id, S3Pack pack) =>
        _damaged.Count > 0 && (_damaged.Contains(pack.Name) || _damaged.Contains(NameOf(id, pack)));

    private void Add(BlockId id, S3Location place)
    {
        if (!_places.TryAdd(id, place))
        {
            if (!_others.TryGetValue(id, out var others))
            {
                _others[id] = others = [];
            }

            others.Add(place);
            Prefer(id);
            return;
        }

        _bytes += place.StoredLength;
    }

    /// <summary>Lets a copy count that is not damaged, where there is one.</summary>
    private void Prefer(BlockId id)
    {
        var now = _places[id];
        if (!IsDamagedHeld(id, now.Pack) || !_others.TryGetValue(id, out var others))
        {
            return;
        }

        var better = others.FindIndex(place => !IsDamagedHeld(id, place.Pack));
        if (better >= 0)
        {
            _places[id] = others[better];
            _bytes += others[better].StoredLength - now.StoredLength;
            others[better] = now;
        }
    }

    private void Remove(IEnumerable<S3Pack> packs)
    {
        var gone = packs.Select(static pack => pack.Name).ToHashSet(StringComparer.Ordinal);
        if (gone.Count == 0)
        {
            return;
        }

        foreach (var name in gone)
        {
            _packs.Remove(name);
        }

        foreach (var (id, others) in _others.ToList())
        {
            others.RemoveAll(place => gone.Contains(place.Pack.Name));
            if (others.Count == 0)
            {
                _others.Remove(id);
            }
        }

        foreach (var (id, place) in _places.Where(one => gone.Contains(one.Value.Pack.Name)).ToList())
        {
            _places.Remove(id);
            _bytes -= place.StoredLength;
            if (_others.Remove(id, out var others))
            {
                others.ForEach(other => Add(id, other));
            }
        }
    }
}
