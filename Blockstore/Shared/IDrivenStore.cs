using Backup.Blockstore.Grooming;
using Backup.Blockstore.Sealing;

namespace Backup.Blockstore.Shared;

/// <summary>For tests: a shared store whose signs of life, and whose end, are given by hand.</summary>
internal interface IDrivenStore : ISealingStore, IGroomable, ICheckable, ISharedStore
{
    /// <summary>Awaited after each step of a groom.</summary>
    Func<SharedGroomStep, Task>? GroomPassed { get; set; }

    /// <summary>Awaited instead of a pause, wherever a groom waits for other processes.</summary>
    Func<Task>? GroomWaiting { get; set; }

    /// <summary>A sign of life now, with the answer to a groom that asks.</summary>
    Task BeatAsync();

    /// <summary>As kill -9 leaves it: what is on its way may arrive or not.</summary>
    Task KillAsync();
}
