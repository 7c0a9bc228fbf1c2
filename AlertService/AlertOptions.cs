namespace Backup.AlertService;

/// <summary>How alerts are looked for and told.</summary>
public sealed record AlertOptions
{
    /// <summary>From one look at the conditions to the next.</summary>
    public TimeSpan Look { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>From one look at what is to be told, and to whom, to the next.</summary>
    public TimeSpan Tell { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Whoever looks at the conditions does so until it was silent for that long; then another instance does.</summary>
    public TimeSpan Watch { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Of one try to deliver something.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Of what is being delivered while the service stops; less than <see cref="Patience"/>.</summary>
    public TimeSpan Farewell { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long alerts and deliveries are kept once they are over.</summary>
    public TimeSpan Kept { get; init; } = TimeSpan.FromDays(366);

    /// <summary>At the same time.</summary>
    public int Couriers { get; init; } = 4;

    /// <summary>The web interface, as links in mails name it; null: there are none.</summary>
    public Uri? Link { get; init; }
}
