using System.Globalization;
using System.Runtime.InteropServices;
using Backup.Blockstore.Shared;
using Backup.MongoWire.Bson;

namespace Backup.Blockstore.S3;

/// <summary>
/// The state as one object for each version, <c>state/N</c>: the next version is made where there is none of that number. Numbers count down in the
/// keys, so that the newest is listed first.
/// </summary>
/// <remarks>
/// Old versions are removed. A process that hung since one of those could make it once more: so a version counts as made only where the list, asked
/// after that, has no newer one; for the newest is never removed.
/// </remarks>
internal sealed class S3SharedPlace(IBlobs blobs) : ISharedPlace
{
    private const string States = "state/";
    private const string Held = "held/";
    private const int KeptStates = 64;
    private const int GroomLength = 16;

    public string Name => blobs.Name;

    public async Task<(StoreState State, string Token)?> ReadAsync(CancellationToken cancellation)
    {
        while (true)
        {
            if (await NewestAsync(cancellation) is not { } newest)
            {
                return null;
            }

            using var content = await blobs.GetAsync(KeyOf(newest), cancellation);
            if (content is not null)
            {
                return (StateDocument.Read(new BsonView(content.Span), Name), Text(newest));
            }

            // Removed between the two requests: there are many newer ones.
        }
    }

    public async Task<string?> TryReplaceAsync(StoreState state, string? token, CancellationToken cancellation)
    {
        var next = token is null ? 1 : long.Parse(token, CultureInfo.InvariantCulture) + 1;
        var document = BsonDocument.Build(w =>
        {
            // Tells versions of the same number apart that different processes would make.
            w.Uuid("token"u8, Guid.NewGuid());
            StateDocument.Write(w, state);
        });
        if (
            !await blobs.TryCreateAsync(KeyOf(next), document.Memory, isLocked: false, cancellation)
            || await NewestAsync(cancellation) != next
        )
        {
            return null;
        }

        if (next % KeptStates == 0)
        {
            await RemoveOldAsync(cancellation);
        }

        return Text(next);
    }

    public Task WriteHeldAsync(
        Guid session,
        Guid groom,
        IReadOnlyCollection<BlockId> roots,
        CancellationToken cancellation
    ) =>
        blobs.PutAsync(
            $"{Held}{session:N}",
            (byte[])[.. groom.ToByteArray(), .. MemoryMarshal.AsBytes(roots.ToArray().AsSpan())],
            cancellation
        );

    public async Task<List<BlockId>> ReadHeldAsync(Guid session, Guid groom, CancellationToken cancellation)
    {
        using var content = await blobs.GetAsync($"{Held}{session:N}", cancellation);
        return content is not null && GroomOf(content.Span) == groom
            ? [.. MemoryMarshal.Cast<byte, BlockId>(content.Span[GroomLength..])]
            : throw BlockstoreErrors.GroomOvertaken(Name);
    }

    public async Task<List<Guid>> ListHeldAsync(CancellationToken cancellation)
    {
        List<Guid> sessions = [];
        await foreach (var one in blobs.ListAsync(Held, int.MaxValue, cancellation))
        {
            sessions.Add(Guid.ParseExact(one.Key.AsSpan(Held.Length), "N"));
        }

        return sessions;
    }

    public async Task RemoveHeldAsync(Guid groom, IReadOnlyCollection<Guid> gone, CancellationToken cancellation)
    {
        List<string> keys = [];
        foreach (var session in await ListHeldAsync(cancellation))
        {
            var key = $"{Held}{session:N}";
            using var content = gone.Contains(session) ? null : await blobs.GetAsync(key, cancellation);
            if (content is null || GroomOf(content.Span) == groom)
            {
                keys.Add(key);
            }
        }

        await blobs.DeleteAsync(keys, cancellation);
    }

    private static Guid GroomOf(ReadOnlySpan<byte> held) =>
        held.Length >= GroomLength ? new Guid(held[..GroomLength]) : default;

    private static string KeyOf(long version) => $"{States}{long.MaxValue - version:x16}";

    private static string Text(long version) => version.ToString(CultureInfo.InvariantCulture);

    private async Task<long?> NewestAsync(CancellationToken cancellation)
    {
        await foreach (var first in blobs.ListAsync(States, most: 1, cancellation))
        {
            return long.MaxValue
                - long.Parse(first.Key[States.Length..], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        }

        return null;
    }

    private async Task RemoveOldAsync(CancellationToken cancellation)
    {
        var all = await blobs
            .ListAsync(States, int.MaxValue, cancellation)
            .Select(static one => one.Key)
            .ToListAsync(cancellation);
        await blobs.DeleteAsync([.. all.Skip(KeptStates)], cancellation);
    }
}
