using System.Collections.Immutable;

namespace Backup.Blockstore.Shared;

/// <summary>
/// What all processes that share a store agree on. It is small, never changed in place, and replaced by compare-and-swap alone, so its versions
/// have one order: docs/decisions/0014-several-processes-share-a-store.md has the argument that rests on it.
/// </summary>
internal sealed record StoreState
{
    /// <summary>Of the state and of all that stands beside it.</summary>
    internal const int Version = 1;

    /// <summary>Raised by every groom that begins; a block carries the epoch in which it was last put.</summary>
    internal long Epoch { get; init; } = 1;

    /// <summary>Raised whenever a block was found damaged: what is remembered of blocks that are there counts no more.</summary>
    internal long Damages { get; init; }

    /// <summary>Blocks and their stored bytes, as counted by sessions that are over.</summary>
    internal StoreCount Counted { get; init; }

    internal ImmutableSortedDictionary<Guid, SessionState> Sessions { get; init; } =
        ImmutableSortedDictionary<Guid, SessionState>.Empty;

    /// <summary>Sessions that were ended by others and may not know it yet: what they publish must be refused before a groom lists roots.</summary>
    internal ImmutableSortedSet<Guid> ShutOut { get; init; } = [];

    /// <summary>Lists of packs that nobody uses any more, since grooms have emptied them; until they are removed. Of stores that keep packs.</summary>
    internal ImmutableSortedSet<Guid> Condemned { get; init; } = [];

    /// <summary>The groom that is under way, or was when its process died.</summary>
    internal GroomState? Groom { get; init; }

    /// <summary>Of all sessions.</summary>
    internal StoreCount Total => Sessions.Values.Aggregate(Counted, static (sum, one) => sum + one.Counted);

    /// <summary>The groom, where the session that runs it has not ended.</summary>
    internal GroomState? LiveGroom => Groom is { } groom && Sessions.ContainsKey(groom.Session) ? groom : null;

    internal StoreState Join(Guid session) =>
        Sessions.ContainsKey(session)
            ? this
            : this with
            {
                Sessions = Sessions.Add(session, new SessionState { Floor = Epoch }),
            };

    /// <summary>A sign of life; itself where the session was ended.</summary>
    /// <param name="session">Whose.</param>
    /// <param name="floor">No work of it that goes on has put a block under an older epoch.</param>
    /// <param name="counted">By it, since it joined.</param>
    internal StoreState Beat(Guid session, long floor, StoreCount counted) =>
        Sessions.TryGetValue(session, out var known)
            ? With(
                session,
                known with
                {
                    Beat = known.Beat + 1,
                    Floor = HasAnswered(known, GroomPhase.Asking) ? known.Floor : Math.Max(known.Floor, floor),
                    Counted = counted,
                }
            )
            : this;

    /// <summary>The session has written down what it holds.</summary>
    /// <param name="session">Whose.</param>
    /// <param name="groom">That asked.</param>
    /// <param name="phase">In which it asked.</param>
    /// <param name="floor">As of <see cref="Beat"/>.</param>
    /// <param name="roots">How many it has written down.</param>
    internal StoreState Answer(Guid session, Guid groom, GroomPhase phase, long floor, long roots) =>
        Sessions.TryGetValue(session, out var known)
            ? With(
                session,
                known with
                {
                    Beat = known.Beat + 1,
                    Floor = Math.Max(known.Floor, floor),
                    AnsweredGroom = groom,
                    AnsweredPhase = phase,
                    AnsweredRoots = roots,
                }
            )
            : this;

    /// <summary>The session ends by itself: nothing of it goes on.</summary>
    internal StoreState Leave(Guid session) =>
        Sessions.TryGetValue(session, out var known)
            ? this with
            {
                Sessions = Sessions.Remove(session),
                Counted = Counted + known.Counted,
                Groom = Groom?.Session == session ? null : Groom,
            }
            : this;

    /// <summary>Ends the session of another process that has been silent.</summary>
    /// <param name="session">Which.</param>
    /// <param name="beat">The last sign of life that was seen: with another one it goes on.</param>
    internal StoreState ShutOutSilent(Guid session, long beat) =>
        Sessions.TryGetValue(session, out var known) && known.Beat == beat
            ? Leave(session) with
            {
                ShutOut = ShutOut.Add(session),
            }
            : this;

    /// <summary>Begins a groom where none is under way.</summary>
    internal StoreState BeginGroom(Guid groom, Guid session) =>
        LiveGroom is null && Sessions.ContainsKey(session)
            ? this with
            {
                Epoch = Epoch + 1,
                Groom = new GroomState(groom, session, GroomPhase.Asking),
            }
            : this;

    /// <summary>Begins the next round of a groom, with everything that belongs to a beginning.</summary>
    internal StoreState BeginAgain(Guid groom, Guid next) =>
        LiveGroom is { } live && live.Id == groom
            ? this with
            {
                Epoch = Epoch + 1,
                Groom = live with { Id = next, Phase = GroomPhase.Asking },
            }
            : this;

    /// <summary>To the next phase, once every session has answered.</summary>
    internal StoreState Proceed(Guid groom, GroomPhase from, GroomPhase to) =>
        LiveGroom is { } live && live.Id == groom && live.Phase == from && HaveAllAnswered(live)
            ? this with
            {
                Groom = live with { Phase = to },
            }
            : this;

    /// <summary>Gives packs up, as long as the groom has its turn.</summary>
    internal StoreState Condemn(Guid groom, Guid list) =>
        LiveGroom is { Phase: GroomPhase.Sweeping } live && live.Id == groom && !Condemned.Contains(list)
            ? this with
            {
                Condemned = Condemned.Add(list),
            }
            : this;

    /// <summary>The packs of these lists are removed.</summary>
    internal StoreState Forgive(IEnumerable<Guid> lists) => this with { Condemned = Condemned.Except(lists) };

    /// <summary>Ends an earlier groom of the same session, which failed before it could say so.</summary>
    /// <param name="session">Whose.</param>
    /// <param name="but">This one goes on.</param>
    internal StoreState EndGroomOf(Guid session, Guid but) =>
        Groom is { } groom && groom.Session == session && groom.Id != but ? this with { Groom = null } : this;

    internal StoreState EndGroom(Guid groom) => Groom?.Id == groom ? this with { Groom = null } : this;

    /// <summary>Whatever is older, and is not marked, is needed by nobody: no work that goes on has put it.</summary>
    internal long OldestNeeded => Sessions.Values.Aggregate(Epoch, static (least, one) => Math.Min(least, one.Floor));

    private bool HaveAllAnswered(GroomState groom) =>
        groom.Phase is not (GroomPhase.Asking or GroomPhase.AskingAgain)
        || Sessions.Values.All(one => HasAnswered(one, groom.Phase));

    /// <summary>Until everybody has, its floor stays the one that goes with what it said it holds: the groom's limit is read off it.</summary>
    private bool HasAnswered(SessionState session, GroomPhase phase) =>
        LiveGroom is { } live
        && live.Phase == phase
        && session.AnsweredGroom == live.Id
        && session.AnsweredPhase == phase;

    private StoreState With(Guid session, SessionState state) =>
        this with
        {
            Sessions = Sessions.SetItem(session, state),
        };
}

/// <summary>One process that has the store open.</summary>
internal sealed record SessionState
{
    /// <summary>Signs of life so far. That it has not changed for a while is what others know of its end.</summary>
    internal long Beat { get; init; }

    /// <summary>Every block that a piece of its work which goes on has put carries this epoch or a newer one.</summary>
    internal long Floor { get; init; }

    /// <summary>Blocks that it has added, less those that it has removed.</summary>
    internal StoreCount Counted { get; init; }

    /// <summary>The last groom that it has told what it holds.</summary>
    internal Guid AnsweredGroom { get; init; }

    internal GroomPhase AnsweredPhase { get; init; }

    /// <summary>
    /// How many it held. What it writes down for one groom only grows: fewer are an answer of before, which a request that was delayed has put over the one that counts.
    /// 0 where a release before this one wrote it.
    /// </summary>
    internal long AnsweredRoots { get; init; }
}

/// <summary>A groom that is under way.</summary>
/// <param name="Id">Of this one run.</param>
/// <param name="Session">Whose it is.</param>
/// <param name="Phase">What it waits for.</param>
internal sealed record GroomState(Guid Id, Guid Session, GroomPhase Phase);

/// <summary>How far a groom of a shared store is. Frozen: the numbers are persisted.</summary>
internal enum GroomPhase
{
    None = 0,

    /// <summary>Every session is to write down what it holds.</summary>
    Asking = 1,

    /// <summary>Roots are listed and gone through.</summary>
    Marking = 2,

    /// <summary>Once nobody looks any more, every session is to write down what it holds, and has held since.</summary>
    AskingAgain = 3,

    /// <summary>What is not needed is removed.</summary>
    Sweeping = 4,
}

/// <summary>Blocks and their stored bytes.</summary>
internal readonly record struct StoreCount(long Blocks, long Bytes)
{
    public static StoreCount operator +(StoreCount left, StoreCount right) =>
        new(left.Blocks + right.Blocks, left.Bytes + right.Bytes);

    public static StoreCount operator -(StoreCount left, StoreCount right) =>
        new(left.Blocks - right.Blocks, left.Bytes - right.Bytes);
}
