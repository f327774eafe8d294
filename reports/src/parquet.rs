//! The operations as Parquet: the columns of `ops.csv` with types, for data frames.

use crate::operations::{counted, outcome};
use parquet::{
    basic::Compression,
    data_type::{BoolType, ByteArray, ByteArrayType, DataType, Int32Type, Int64Type},
    errors::ParquetError,
    file::{
        properties::WriterProperties,
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::parser::parse_message_type,
};
use sim_core::{judged::Judged, run::Operation};
use std::{io, sync::Arc};

const SCHEMA: &str = "message operations {
    REQUIRED BYTE_ARRAY client (STRING);
    REQUIRED INT32 operation (INTEGER(32, false));
    REQUIRED BYTE_ARRAY kind (STRING);
    REQUIRED INT64 key (INTEGER(64, false));
    REQUIRED INT64 intended_ns (INTEGER(64, false));
    OPTIONAL INT64 answered_ns (INTEGER(64, false));
    OPTIONAL INT64 latency_ns (INTEGER(64, false));
    REQUIRED INT32 calls (INTEGER(32, false));
    REQUIRED BYTE_ARRAY outcome (STRING);
    REQUIRED BOOLEAN counted;
}";
/// Rows are written in groups of so many, which is what a reader has in memory at a time.
const GROUP: usize = 1 << 17;

/// Writes every operation, by intended start. `DATA.md` beside this crate documents the columns.
///
/// # Errors
/// Those of `to`.
pub fn operations_parquet(judged: &Judged, to: &mut (dyn io::Write + Send)) -> io::Result<()> {
    written(judged, to).map_err(io::Error::other)
}

fn written(judged: &Judged, to: &mut (dyn io::Write + Send)) -> Result<(), ParquetError> {
    let properties = WriterProperties::builder()
        // Equal runs give equal bytes, whichever version of the library wrote them.
        .set_created_by("sim".into())
        .set_compression(Compression::SNAPPY)
        .build();
    let mut file =
        SerializedFileWriter::new(to, Arc::new(parse_message_type(SCHEMA)?), Arc::new(properties))?;
    for rows in judged.measures.operations.chunks(GROUP) {
        let mut group = file.next_row_group()?;
        let mut columns = Columns { group: &mut group, rows };
        // In the order of the schema.
        columns.add::<ByteArrayType>(|row| text(&judged.run.name(row.client)))?;
        columns.add::<Int32Type>(|row| row.number.cast_signed())?;
        columns.add::<ByteArrayType>(|row| text(row.kind))?;
        columns.add::<Int64Type>(|row| row.key.cast_signed())?;
        columns.add::<Int64Type>(|row| row.intended.0.cast_signed())?;
        columns.add_some::<Int64Type>(|row| row.done.map(|done| done.0.cast_signed()))?;
        columns.add_some::<Int64Type>(|row| row.latency().map(|latency| latency.0.cast_signed()))?;
        columns.add::<Int32Type>(|row| row.calls.cast_signed())?;
        columns.add::<ByteArrayType>(|row| text(outcome(row, &judged.measures)))?;
        columns.add::<BoolType>(|row| counted(row, &judged.measures, judged.run.ended))?;
        group.close()?;
    }
    file.close()?;
    Ok(())
}

fn text(text: &str) -> ByteArray {
    text.as_bytes().to_vec().into()
}

/// A group of rows, written column by column.
struct Columns<'a, 'b, W: io::Write + Send> {
    group: &'a mut SerializedRowGroupWriter<'b, W>,
    rows: &'a [Operation],
}

impl<W: io::Write + Send> Columns<'_, '_, W> {
    fn add<T: DataType>(&mut self, value: impl Fn(&Operation) -> T::T) -> Result<(), ParquetError> {
        let values: Vec<T::T> = self.rows.iter().map(value).collect();
        self.write::<T>(&values, None)
    }

    /// One in which values may be missing.
    fn add_some<T: DataType>(
        &mut self,
        value: impl Fn(&Operation) -> Option<T::T>,
    ) -> Result<(), ParquetError> {
        let all: Vec<Option<T::T>> = self.rows.iter().map(value).collect();
        let there: Vec<i16> = all.iter().map(|value| i16::from(value.is_some())).collect();
        let values: Vec<T::T> = all.into_iter().flatten().collect();
        self.write::<T>(&values, Some(&there))
    }

    fn write<T: DataType>(&mut self, values: &[T::T], there: Option<&[i16]>) -> Result<(), ParquetError> {
        if let Some(mut column) = self.group.next_column()? {
            column.typed::<T>().write_batch(values, there, None)?;
            column.close()?;
        }
        Ok(())
    }
}
