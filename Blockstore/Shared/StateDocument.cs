using System.Collections.Immutable;
using Backup.MongoWire.Bson;

namespace Backup.Blockstore.Shared;

/// <summary>A <see cref="StoreState"/> as fields of a BSON document; docs/formats/shared-store.md has the table.</summary>
internal static class StateDocument
{
    /// <summary>Writes the fields into the open document.</summary>
    internal static void Write(BsonWriter writer, StoreState state)
    {
        writer.Int32("format"u8, StoreState.Version).Int64("epoch"u8, state.Epoch).Int64("damages"u8, state.Damages);
        Write(writer, state.Counted);
        Span<byte> scratch = stackalloc byte[11];
        writer.BeginArray("sessions"u8);
        foreach (var (id, session) in state.Sessions)
        {
            writer.BeginDocument(writer.ArrayItemName(scratch)).Uuid("id"u8, id);
            writer.Int64("beat"u8, session.Beat).Int64("floor"u8, session.Floor);
            Write(writer, session.Counted);
            writer.Uuid("groom"u8, session.AnsweredGroom).Int32("phase"u8, (int)session.AnsweredPhase);
            writer.Int64("roots"u8, session.AnsweredRoots).EndDocument();
        }

        writer.EndArray().BeginArray("shutOut"u8);
        foreach (var id in state.ShutOut)
        {
            writer.Uuid(writer.ArrayItemName(scratch), id);
        }

        writer.EndArray();
        if (!state.Condemned.IsEmpty)
        {
            writer.BeginArray("condemned"u8);
            foreach (var id in state.Condemned)
            {
                writer.Uuid(writer.ArrayItemName(scratch), id);
            }

            writer.EndArray();
        }

        if (state.Groom is { } groom)
        {
            writer.BeginDocument("groom"u8).Uuid("id"u8, groom.Id).Uuid("session"u8, groom.Session);
            writer.Int32("phase"u8, (int)groom.Phase).EndDocument();
        }
    }

    /// <param name="view">With the fields that <see cref="Write(BsonWriter, StoreState)"/> writes, and perhaps others.</param>
    /// <param name="name">Of the store, for the error.</param>
    /// <exception cref="Foundation.Errors.BackupException">5008 where a newer release wrote it, 2001 where a field is missing.</exception>
    internal static StoreState Read(BsonView view, string name)
    {
        var format = view["format"u8].AsInt32;
        if (format > StoreState.Version)
        {
            throw BlockstoreErrors.Newer(name, format, StoreState.Version);
        }

        return new StoreState
        {
            Epoch = view["epoch"u8].AsInt64,
            Damages = view["damages"u8].AsInt64,
            Counted = CountOf(view),
            Sessions = SessionsOf(view["sessions"u8].AsDocument),
            ShutOut = IdsOf(view["shutOut"u8].AsDocument),
            Condemned = view.TryGet("condemned"u8, out var condemned) ? IdsOf(condemned.AsDocument) : [],
            Groom = view.TryGet("groom"u8, out var groom) ? GroomOf(groom.AsDocument) : null,
        };
    }

    private static void Write(BsonWriter writer, StoreCount counted) =>
        writer.Int64("blocks"u8, counted.Blocks).Int64("bytes"u8, counted.Bytes);

    private static StoreCount CountOf(BsonView view) => new(view["blocks"u8].AsInt64, view["bytes"u8].AsInt64);

    private static GroomState GroomOf(BsonView view) =>
        new(view["id"u8].AsUuid, view["session"u8].AsUuid, (GroomPhase)view["phase"u8].AsInt32);

    private static ImmutableSortedDictionary<Guid, SessionState> SessionsOf(BsonView array)
    {
        var sessions = ImmutableSortedDictionary.CreateBuilder<Guid, SessionState>();
        foreach (var item in array)
        {
            var view = item.AsDocument;
            sessions[view["id"u8].AsUuid] = new SessionState
            {
                Beat = view["beat"u8].AsInt64,
                Floor = view["floor"u8].AsInt64,
                Counted = CountOf(view),
                AnsweredGroom = view["groom"u8].AsUuid,
                AnsweredPhase = (GroomPhase)view["phase"u8].AsInt32,
                AnsweredRoots = view.TryGet("roots"u8, out var roots) ? roots.AsInt64 : 0,
            };
        }

        return sessions.ToImmutable();
    }

    private static ImmutableSortedSet<Guid> IdsOf(BsonView array)
    {
        var ids = ImmutableSortedSet.CreateBuilder<Guid>();
        foreach (var item in array)
        {
            ids.Add(item.AsUuid);
        }

        return ids.ToImmutable();
    }
}
