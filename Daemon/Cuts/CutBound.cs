using Backup.Foundation;

namespace Backup.Daemon.Cuts;

/// <summary>How far a head may go now.</summary>
/// <param name="Holds">Not at all: a cut is being made and its time is not known.</param>
/// <param name="UpTo">Up to and including this moment, the time of a cut; null: there is no bound.</param>
internal readonly record struct CutBound(bool Holds, Optime? UpTo)
{
    internal static readonly CutBound Free = default;

    internal static readonly CutBound Held = new(true, null);

    internal bool IsFree => this == Free;
}
