namespace Backup.Tests.EndToEnd.Faults;

/// <summary>One way in which something goes wrong.</summary>
/// <param name="Name">In the log.</param>
/// <param name="IsPossible">Whether it can be had in this schedule.</param>
/// <param name="RunAsync">Brings it about, ends it again, and throws where it was not hit.</param>
internal sealed record FaultKind(string Name, Predicate<FaultSchedule> IsPossible, Func<FaultSchedule, Task> RunAsync);

/// <summary>A planned fault did not come about: the schedule has shown less than it says.</summary>
internal sealed class FaultNotHitException(string message) : Exception(message);
