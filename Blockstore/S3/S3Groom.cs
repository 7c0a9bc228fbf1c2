using System.Runtime.InteropServices;
using System.Text;
using Backup.Blockstore.Grooming;
using Backup.Blockstore.Packs;
using Backup.Blockstore.Shared;

namespace Backup.Blockstore.S3;

/// <summary>What a groom works on.</summary>
/// <param name="Blobs">Where packs are.</param>
/// <param name="Index">Of this process.</param>
/// <param name="Session">Of this process.</param>
/// <param name="PackBytes">A pack is full at that length.</param>
/// <param name="Settle">Publishes what was put by now.</param>
/// <param name="Passed">For tests: told of each step.</param>
internal sealed record S3GroomGround(
    IBlobs Blobs,
    S3Index Index,
    StoreSession Session,
    int PackBytes,
    Func<CancellationToken, Task> Settle,
    Func<SharedGroomStep, Task>? Passed
);

/// <summary>
/// One groom of a store on S3: marks what is needed, copies what is needed out of packs that are mostly dead, gives those packs up in one change of the
/// state, and removes them.
/// </summary>
/// <remarks>
/// A pack is a candidate where its epoch is older than all work that goes on. What work relies on in such packs nevertheless its session has told with its
/// second answer, and since then no session relies on any of them. Copies are published before the packs are given up; a pack that is given up is used
/// by nobody, whoever removes it and when: so a process that dies here leaves packs that the next groom removes.
/// </remarks>
internal sealed class S3Groom(
    S3GroomGround ground,
    GroomTurn turn,
    GroomOptions options,
    IProgress<GroomProgress>? progress
)
{
    private const string Claims = "claims/";
    private const string CondemnedLists = "condemned/";
    private const int MostFindings = 1000;
    private const double MarkingShare = 0.6;

    private readonly IdMarks _marks = new();
    private readonly List<StoreFinding> _findings = [];

    // Of blocks that stand in several places: those that were copied.
    private readonly HashSet<BlockId> _copied = [];
    private S3OpenPack? _into;
    private GroomReport _report = new();

    /// <summary>Writes down what a session relies on in packs that a groom may give up.</summary>
    internal static Task WriteClaimsAsync(
        IBlobs blobs,
        Guid groom,
        Guid session,
        IReadOnlyCollection<BlockId> claims,
        CancellationToken cancellation
    ) =>
        blobs.PutAsync(
            $"{Claims}{groom:N}/{session:N}",
            MemoryMarshal.AsBytes(claims.ToArray().AsSpan()).ToArray(),
            cancellation
        );

    /// <summary>The names of the packs of a list; none where the list is gone, as its packs are then.</summary>
    internal static async Task<List<string>> ReadCondemnedAsync(IBlobs blobs, Guid list, CancellationToken cancellation)
    {
        using var names = await blobs.GetAsync($"{CondemnedLists}{list:N}", cancellation);
        return names is null
            ? []
            : [.. Encoding.ASCII.GetString(names.Span).Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }

    internal async Task<GroomReport> RunAsync(IBlockRoots roots, CancellationToken cancellation)
    {
        await ground.Settle(cancellation);
        if (!options.DryRun)
        {
            await RemoveCondemnedAsync(cancellation);
        }

        await new RootMarking(turn, roots, _marks).RunAsync(
            share => progress?.Report(new GroomProgress(PackGroom.Marking, MarkingShare * share)),
            cancellation
        );
        await KeepClaimsAsync(cancellation);
        await ground.Settle(cancellation);
        await ground.Index.RefreshAsync(cancellation);
        await PassedAsync(SharedGroomStep.Marked);
        var packs = await CountAsync(cancellation);
        var chosen = Choose(packs);
        if (!options.DryRun)
        {
            await RemoveAsync(chosen, cancellation);
            await RemoveUnpublishedAsync(cancellation);
            await RemoveListsOfGoneAsync(cancellation);
        }

        return _report with
        {
            Findings = _findings,
        };
    }

    private async Task KeepClaimsAsync(CancellationToken cancellation)
    {
        List<string> keys = [];
        await foreach (var one in ground.Blobs.ListAsync(Claims, int.MaxValue, cancellation))
        {
            // Of this groom, read below, or of one whose process died.
            keys.Add(one.Key);
        }

        foreach (var session in turn.Sessions)
        {
            var key = $"{Claims}{turn.Id:N}/{session:N}";
            using var claims =
                await ground.Blobs.GetAsync(key, cancellation)
                ?? throw BlockstoreErrors.GroomOvertaken(ground.Blobs.Name);
            foreach (var id in MemoryMarshal.Cast<byte, BlockId>(claims.Span))
            {
                _marks.Keep(id);
            }
        }

        await ground.Blobs.DeleteAsync(keys, cancellation);
    }

    private async Task<List<GroomedPack>> CountAsync(CancellationToken cancellation)
    {
        var packs = new List<GroomedPack>();
        foreach (var pack in ground.Index.Packs)
        {
            if (await ground.Index.EntriesAsync(pack, cancellation) is not { } entries)
            {
                continue;
            }

            var live = entries.Where(entry => IsLive(pack, entry)).ToList();
            var groomed = new GroomedPack(pack, entries, live);
            var unneeded = groomed.Bytes - groomed.LiveBytes;
            var isCandidate = pack.Epoch < turn.Limit;
            _report = _report with
            {
                Packs = _report.Packs + 1,
                PackBytes = _report.PackBytes + groomed.Bytes,
                LiveBlocks = _report.LiveBlocks + live.Count,
                LiveBytes = _report.LiveBytes + groomed.LiveBytes,
                DeadBlocks = _report.DeadBlocks + (isCandidate ? entries.Count - live.Count : 0),
                DeadBytes = _report.DeadBytes + (isCandidate ? unneeded : 0),
                HeldBytes = _report.HeldBytes + (isCandidate ? 0 : unneeded),
            };
            if (isCandidate)
            {
                packs.Add(groomed);
            }
        }

        _report = _report with { MissingBlocks = Math.Max(0, _marks.Count - _report.LiveBlocks) };
        return packs;
    }

    /// <summary>Marked, and this is the copy that counts; or the one that counts is damaged.</summary>
    private bool IsLive(S3Pack pack, PackEntry entry) =>
        _marks.Has(entry.Id)
        && ground.Index.Find(entry.Id) is { } place
        && (
            (place.Pack.Name == pack.Name && place.Offset == entry.Offset)
            || ground.Index.IsDamaged(entry.Id, place.Pack)
        );

    /// <summary>All that is dead; of the rest, those with the largest dead part first, until no more than the wanted share is dead; and many small ones.</summary>
    private List<GroomedPack> Choose(List<GroomedPack> packs)
    {
        const int smallPart = 4;
        const int manySmall = 16;
        var chosen = packs.Where(static pack => pack.Live.Count == 0).ToList();
        var dead = _report.DeadBytes - chosen.Sum(static pack => pack.Bytes);
        var mayStay = (long)(_report.PackBytes * options.MaxDeadShare);
        var partly = packs
            .Where(pack => pack.Live.Count > 0 && pack.Bytes - pack.LiveBytes > pack.Bytes * options.MinPackDeadShare)
            .OrderByDescending(static pack => 1 - ((double)pack.LiveBytes / pack.Bytes));
        foreach (var pack in partly)
        {
            if (dead <= mayStay)
            {
                break;
            }

            chosen.Add(pack);
            dead -= pack.Bytes - pack.LiveBytes;
        }

        var small = packs.Except(chosen).Where(pack => pack.Bytes < ground.PackBytes / smallPart).ToList();
        if (small.Count >= manySmall)
        {
            chosen.AddRange(small);
        }

        _report = _report with { ReclaimableBytes = chosen.Sum(static pack => pack.Bytes - pack.LiveBytes) };
        return chosen;
    }

    private async Task RemoveAsync(List<GroomedPack> chosen, CancellationToken cancellation)
    {
        var copied = await CopyAsync(chosen, cancellation);
        if (copied.Count == 0)
        {
            return;
        }

        var list = Guid.NewGuid();
        var names = Encoding.ASCII.GetBytes(string.Join('\n', copied.Select(static pack => pack.Pack.Name)));
        await ground.Blobs.PutAsync($"{CondemnedLists}{list:N}", names, cancellation);
        await PassedAsync(SharedGroomStep.Removing);
        await turn.CondemnAsync(list, cancellation);
        await PassedAsync(SharedGroomStep.Removing);
        await RemoveCondemnedAsync(cancellation);
        var removed = copied.Count(static pack => pack.Live.Count == 0);
        _report = _report with
        {
            RemovedPacks = removed,
            CompactedPacks = copied.Count - removed,
            FreedBytes = copied.Sum(static pack => pack.Bytes - pack.LiveBytes),
        };
        await PassedAsync(SharedGroomStep.Removed);
    }

    /// <returns>The packs of which everything that is needed is copied, and published.</returns>
    private async Task<List<GroomedPack>> CopyAsync(List<GroomedPack> chosen, CancellationToken cancellation)
    {
        var done = new List<GroomedPack>();
        var names = chosen.Select(static pack => pack.Pack.Name).ToHashSet(StringComparer.Ordinal);
        _into = new S3OpenPack(ground.PackBytes);
        try
        {
            foreach (var pack in chosen)
            {
                if (await CopyAsync(pack, names, cancellation))
                {
                    done.Add(pack);
                }
            }

            if (_into.Count.Blocks > 0)
            {
                await PublishAsync(_into, cancellation);
            }
        }
        finally
        {
            _into.Dispose();
        }

        return done;
    }

    /// <returns>False where something that is needed is damaged: the pack is kept.</returns>
    private async Task<bool> CopyAsync(GroomedPack pack, HashSet<string> chosen, CancellationToken cancellation)
    {
        var needed = new List<(PackEntry Entry, bool IsElsewhere)>();
        foreach (var entry in pack.Entries.Where(entry => _marks.Has(entry.Id)))
        {
            var others = ground.Index.PlacesOf(entry.Id).FindAll(place => place.Pack.Name != pack.Pack.Name);
            if (others.Count == 0 || !await IsKeptAsync(entry.Id, others, chosen, cancellation))
            {
                needed.Add((entry, others.Count > 0));
            }
        }

        if (needed.Count == 0)
        {
            return true;
        }

        using var whole = await ground.Blobs.GetAsync(pack.Pack.Key, cancellation);
        foreach (var (entry, _) in needed)
        {
            var isWhole =
                whole is not null
                && entry.Offset + entry.StoredLength <= whole.Length
                && BlockCodecs.IsIntact(entry.Id, whole.Span.Slice((int)entry.Offset, entry.StoredLength));
            if (!isWhole)
            {
                if (_findings.Count < MostFindings)
                {
                    const string what = "a block that is needed is damaged; the pack is kept";
                    _findings.Add(new StoreFinding(entry.Id, pack.Pack.Key, entry.Offset, what));
                }

                return false;
            }
        }

        foreach (var (entry, isElsewhere) in needed)
        {
            // Before the block, not after the pack: two packs that are mostly needed are more than one pack holds.
            if (_into!.Length >= ground.PackBytes)
            {
                await PublishAsync(_into, cancellation);
                _into.Dispose();
                _into = new S3OpenPack(ground.PackBytes);
            }

            var stored = whole!.Span.Slice((int)entry.Offset, entry.StoredLength);
            _into.Append(entry.Id, stored, entry.RawLength, turn.Limit);
            _report = _report with { CopiedBytes = _report.CopiedBytes + entry.StoredLength };
            if (isElsewhere)
            {
                _copied.Add(entry.Id);
            }
        }

        return true;
    }

    /// <summary>
    /// Whether a block stays without the copy that is given up: it was copied by this groom, or stands in a pack that is not given up, whole. What is known of damages may change
    /// at any moment, so that is looked at here, and not taken from the count.
    /// </summary>
    private async Task<bool> IsKeptAsync(
        BlockId id,
        List<S3Location> others,
        HashSet<string> chosen,
        CancellationToken cancellation
    )
    {
        if (_copied.Contains(id))
        {
            return true;
        }

        foreach (var place in others.Where(place => !chosen.Contains(place.Pack.Name)))
        {
            using var stored = await ground.Blobs.GetAsync(
                place.Pack.Key,
                place.Offset,
                place.StoredLength,
                cancellation
            );
            if (stored is not null && BlockCodecs.IsIntact(id, stored.Span))
            {
                return true;
            }

            if (stored is not null)
            {
                await ground.Index.TellDamageAsync(id, place.Pack, cancellation);
            }
        }

        return false;
    }

    private async Task PublishAsync(S3OpenPack pack, CancellationToken cancellation)
    {
        pack.Seal();
        var (published, entries) =
            await pack.PublishAsync(ground.Blobs, cancellation)
            ?? throw BlockstoreErrors.GroomOvertaken(ground.Blobs.Name);
        ground.Index.Add(published, entries);
    }

    /// <summary>Removes packs that were given up, by this groom or by one whose process died.</summary>
    private async Task RemoveCondemnedAsync(CancellationToken cancellation)
    {
        List<string> written = [];
        await foreach (var one in ground.Blobs.ListAsync(CondemnedLists, int.MaxValue, cancellation))
        {
            written.Add(one.Key);
        }

        var lists = (await ground.Session.State.ChangeAsync(static state => state, cancellation)).Condemned;
        // Of grooms that died before they gave their packs up: nobody else has the turn.
        written.RemoveAll(key => lists.Any(list => key.EndsWith($"{list:N}", StringComparison.Ordinal)));
        await ground.Blobs.DeleteAsync(written, cancellation);
        foreach (var list in lists)
        {
            var names = await ReadCondemnedAsync(ground.Blobs, list, cancellation);
            ground.Index.Condemn(names);
            // The lists first: a pack without one is removed as one that was never published.
            await ground.Blobs.DeleteAsync([.. names.Select(static name => S3Pack.Lists + name)], cancellation);
            await ground.Blobs.DeleteAsync([.. names.Select(static name => S3Pack.Packs + name)], cancellation);
        }

        if (!lists.IsEmpty)
        {
            await ground.Session.State.ChangeAsync(state => state.Forgive(lists), cancellation);
            await ground.Blobs.DeleteAsync([.. lists.Select(static list => $"{CondemnedLists}{list:N}")], cancellation);
            await ground.Index.RefreshAsync(cancellation);
        }
    }

    /// <summary>Removes packs of processes that died before they had published them, and keeps those that hang from doing so.</summary>
    private async Task RemoveUnpublishedAsync(CancellationToken cancellation)
    {
        var listed = new HashSet<string>(StringComparer.Ordinal);
        var unlisted = new List<S3Pack>();
        await foreach (var one in ground.Blobs.ListAsync(S3Pack.Packs, int.MaxValue, cancellation))
        {
            if (S3Pack.Of(one.Key) is { } pack && pack.Epoch < turn.Limit)
            {
                unlisted.Add(pack);
            }
        }

        // Asked after the packs: a pack's list comes after the pack.
        await foreach (var one in ground.Blobs.ListAsync(S3Pack.Lists, int.MaxValue, cancellation))
        {
            if (one.Length != S3Pack.Void.Length && S3Pack.Of(one.Key) is { } pack)
            {
                listed.Add(pack.Name);
            }
        }

        foreach (var pack in unlisted.Where(pack => !listed.Contains(pack.Name)))
        {
            if (await ground.Blobs.TryCreateAsync(pack.ListKey, S3Pack.Void, isLocked: false, cancellation))
            {
                await ground.Blobs.DeleteAsync([pack.Key], cancellation);
            }
        }
    }

    /// <summary>Removes lists whose packs are gone, where nothing needs what only they would have; others stay, so that a pack can be brought back.</summary>
    private async Task RemoveListsOfGoneAsync(CancellationToken cancellation)
    {
        foreach (var pack in ground.Index.Gone.Where(pack => pack.Epoch < turn.Limit))
        {
            using var list = await ground.Blobs.GetAsync(pack.ListKey, cancellation);
            var entries = list is null ? null : S3PackBytes.FromList(list.Span);
            if (entries?.TrueForAll(entry => !_marks.Has(entry.Id) || ground.Index.Find(entry.Id) is not null) == true)
            {
                await ground.Blobs.DeleteAsync([pack.ListKey], cancellation);
            }
        }
    }

    private Task PassedAsync(SharedGroomStep step) => ground.Passed?.Invoke(step) ?? Task.CompletedTask;

    /// <param name="Entries">All blocks.</param>
    /// <param name="Live">Those that are needed, where this copy counts.</param>
    private sealed record GroomedPack(S3Pack Pack, List<PackEntry> Entries, List<PackEntry> Live)
    {
        internal long Bytes { get; } = Entries.Sum(static entry => (long)entry.StoredLength);

        internal long LiveBytes { get; } = Live.Sum(static entry => (long)entry.StoredLength);
    }
}
