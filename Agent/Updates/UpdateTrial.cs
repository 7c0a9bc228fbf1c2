namespace Backup.Agent.Updates;

/// <summary>What the program that was started, or that failed, has to do with an update.</summary>
internal enum TrialVerdict
{
    /// <summary>Nothing: go on.</summary>
    None,

    /// <summary>This is a new program that has to prove itself: it is confirmed at its first heartbeat.</summary>
    OnTrial,

    /// <summary>The program before is in place again: start that one.</summary>
    TakenBack,
}

/// <summary>
/// A new program is on trial until the server has answered its first heartbeat. One that does not get there is taken back: by itself, by its own
/// next start, or by the program before when whoever keeps the agent running sees it fail.
/// </summary>
/// <remarks>
/// Killed at any line, the next look goes on from what is there. Which program is in place is told by its hash, never by the state alone: the
/// state is written before the file that it speaks of changes, in both directions.
/// </remarks>
internal sealed class UpdateTrial(string folder, Installation installation)
{
    /// <summary>A host may be started again during the trial; a program that ends again and again does not get more.</summary>
    public const int MostStarts = 3;

    /// <summary>At the start of <c>run</c>.</summary>
    public TrialVerdict Begin() => Look(state => state.Starts >= MostStarts);

    /// <summary>After the program failed before it was confirmed.</summary>
    public TrialVerdict Settle() =>
        Look(_ => true) == TrialVerdict.TakenBack ? TrialVerdict.TakenBack : TrialVerdict.None;

    /// <summary>The server has answered: the new program stays.</summary>
    public void Confirm()
    {
        if (UpdateState.Load(folder) is { IsRefused: false } state && state.Sha256 == installation.Hash())
        {
            UpdateState.Delete(folder);
        }
    }

    private TrialVerdict Look(Func<UpdateState, bool> hasFailed)
    {
        if (UpdateState.Load(folder) is not { } state)
        {
            return TrialVerdict.None;
        }

        if (state.Sha256 != installation.Hash())
        {
            // The old program: the new one never took its place, or was taken back. Of the latter the memory stays.
            if (!state.IsRefused)
            {
                UpdateState.Delete(folder);
            }

            return TrialVerdict.None;
        }

        if (state.IsRefused || hasFailed(state))
        {
            (state with { IsRefused = true }).Save(folder);
            return installation.TakeBack() ? TrialVerdict.TakenBack : TrialVerdict.None;
        }

        (state with { Starts = state.Starts + 1 }).Save(folder);
        return TrialVerdict.OnTrial;
    }
}
