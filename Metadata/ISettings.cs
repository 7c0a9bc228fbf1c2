namespace Backup.Metadata;

/// <summary>A few values of the appliance as a whole, by name: its identity, for example.</summary>
public interface ISettings
{
    Task<string?> FindAsync(string name, CancellationToken cancellation = default);

    Task SetAsync(string name, string value, CancellationToken cancellation = default);

    /// <summary>Stores the value where there is none yet, in one step; gives what is stored.</summary>
    Task<string> EnsureAsync(string name, string value, CancellationToken cancellation = default);

    /// <summary>Stores the value where what is stored is still what was read, in one step.</summary>
    /// <param name="name">Of the setting.</param>
    /// <param name="expected">What was read; null: nothing.</param>
    /// <param name="value">What is stored from then on.</param>
    /// <param name="cancellation">Nothing, or all of it was done then.</param>
    /// <returns>Whether it was stored.</returns>
    Task<bool> ReplaceAsync(string name, string? expected, string value, CancellationToken cancellation = default);
}
