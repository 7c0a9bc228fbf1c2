using Backup.AlertService.Conditions;

namespace Backup.AlertService.Watch;

/// <summary>Whether the room of what nobody needs comes back.</summary>
internal static class GroomProbes
{
    private const string Subject = "store";
    private const string Name = "The block store";

    public static IEnumerable<Finding> Look(Facts facts)
    {
        if (facts.Appliance.Groom is not { } groom)
        {
            yield break;
        }

        yield return new Finding(
            AlertConditions.GroomFailed,
            Subject,
            groom.Error is null ? 0 : 1,
            () =>
                new AlertWords(
                    AlertServiceErrors.Ungroomed(Words.At(groom.At), groom.Error ?? ""),
                    "Nothing is lost. What snapshots that were removed had for themselves stays on the disk until one comes to its end."
                )
        )
        {
            SubjectName = Name,
        };
        yield return new Finding(
            AlertConditions.StoreReclaimable,
            Subject,
            groom.ReclaimablePercent,
            () =>
                new AlertWords(
                    AlertServiceErrors.Unneeded(groom.ReclaimablePercent, Words.Bytes(groom.ReclaimableBytes)),
                    "The disk is fuller than it has to be."
                )
        )
        {
            SubjectName = Name,
        };
    }
}
