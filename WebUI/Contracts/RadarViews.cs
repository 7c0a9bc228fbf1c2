namespace Backup.WebUI.Contracts;

/// <summary>The moment before something happened, as restores are asked for it.</summary>
/// <param name="Time">Everything before this second.</param>
/// <param name="Namespace">What is restored: db or db.coll.</param>
/// <param name="KeptUntil">What it is restored from stays until then, or until the alert is resolved.</param>
public sealed record CleanSecondView(DateTimeOffset Time, string Namespace, DateTimeOffset KeptUntil);

/// <summary>What counts for mass changes.</summary>
/// <param name="KeptSeconds">How long the last clean second is kept: an hour to 90 days.</param>
public sealed record RadarSettingView(long KeptSeconds);

/// <param name="KeptSeconds">An hour to 90 days.</param>
public sealed record RadarSettingRequest(long KeptSeconds);
