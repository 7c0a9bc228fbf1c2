using Backup.Blockstore.Sealing;

namespace Backup.Blockstore.Shelf;

/// <summary>One of the stores that a process has.</summary>
/// <param name="Name">By which the catalogue knows it.</param>
/// <param name="Blocks">It stays the caller's.</param>
public sealed record ShelvedStore(string Name, ISealingStore Blocks);

/// <summary>Slices of one of the stores that a process has: they stay open where blocks are opened again.</summary>
/// <param name="Name">Of the store.</param>
/// <param name="Objects">It stays the caller's.</param>
public sealed record NamedObjects(string Name, IObjectStore Objects);
