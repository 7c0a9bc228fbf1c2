using Backup.Metadata.Alerting;

namespace Backup.AlertService.Conditions;

/// <summary>In what a condition is measured.</summary>
public enum AlertUnit
{
    /// <summary>It is so or it is not: there is no threshold.</summary>
    None,
    Seconds,
    Days,
    Percent,

    /// <summary>Of the interval between snapshots.</summary>
    Intervals,
    Times,
}

/// <summary>Something that can be wrong.</summary>
/// <param name="Name">Frozen: it is persisted, and users name it.</param>
/// <param name="Title">For people.</param>
/// <param name="Unit">Of the thresholds.</param>
/// <param name="Warning">Past it, it matters; null: it never only matters a little.</param>
/// <param name="Critical">Past it, it is critical; null: it never is.</param>
public sealed record AlertCondition(string Name, string Title, AlertUnit Unit, double? Warning, double? Critical)
{
    /// <summary>The smallest and the largest threshold that can be set.</summary>
    public (double Least, double Most) Range { get; init; } = (0, double.MaxValue);

    /// <summary>Whether less is worse; more is unless set.</summary>
    public bool LessIsWorse { get; init; }

    /// <summary>It is an alert once it has been so for that long: what mends itself meanwhile is none.</summary>
    public TimeSpan For { get; init; }

    /// <summary>It is over once nothing was wrong for that long: what comes and goes is one alert.</summary>
    public TimeSpan Calm { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Of a condition without thresholds, how much it matters.</summary>
    public AlertSeverity Severity { get; init; } = AlertSeverity.Critical;

    /// <summary>About the appliance as a whole: its rule is the appliance's.</summary>
    public bool IsOfAppliance { get; init; }

    /// <summary>Raised and ended by whoever does the work; a rule can only switch it off.</summary>
    public bool IsTold { get; init; }

    public bool HasThreshold => Unit != AlertUnit.None;

    /// <summary>Whether that can be its thresholds.</summary>
    public bool Takes(double? warning, double? critical) =>
        Fits(warning)
        && Fits(critical)
        && (warning is null || critical is null || (LessIsWorse ? warning >= critical : warning <= critical));

    private bool Fits(double? threshold) =>
        threshold is not { } value
        || (HasThreshold && double.IsFinite(value) && value >= Range.Least && value <= Range.Most);
}
